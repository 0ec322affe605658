import { NixError } from '../errors.ts';
import type { StorePath } from '../nix/path-info.ts';
import { type Closure, sized } from './closure.ts';
import { copySigned } from './copy-signed.ts';
import { type MissingOptions, missingPaths } from './missing-paths.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { type CopyOptions, sendPaths } from './send-paths.ts';
import { type SharedExports, sendShared } from './send-shared.ts';

export interface CopyClosureOptions extends CopyOptions, MissingOptions {
  /** With the signatures of its paths. */
  readonly signed?: boolean | undefined;
  /** Started beforehand on `to`; it is of use where it needs neither signatures nor substitutes. */
  readonly receiver?: Receiver | undefined;
  /** What other targets were sent. */
  readonly exports?: SharedExports | undefined;
  /** May refuse, by throwing, what is about to be copied. */
  readonly admit?: ((missing: readonly StorePath[]) => void) | undefined;
}

/**
 * Copies what is missing of a closure from one host's store to another's.
 *
 * @returns what was copied, each after those that it refers to.
 * @throws {NixError}
 */
export async function copyClosure(
  closure: Closure,
  options: CopyClosureOptions,
): Promise<readonly StorePath[]> {
  const { signed, substitute, to, privilege, signal } = options;
  const copy = async (paths: readonly string[], receiver?: Receiver): Promise<readonly StorePath[]> => {
    const missing = await sized(paths, closure);
    options.admit?.(missing);
    if (signed === true) await copySigned(closure.of, missing, options);
    else if (options.exports === undefined) await sendPaths(missing, { ...options, receiver });
    else await sendShared(options.exports, missing, { ...options, receiver });
    return missing;
  };
  // What came with signatures may have to be deleted again, so all of it must be known.
  if (signed === true || substitute === true) return await copy(await missingPaths(closure.paths, options));
  await using own = options.receiver === undefined ? startReceiver(to, privilege, signal) : undefined;
  const receiver = options.receiver ?? own;
  const unseen = (await receiver?.unseen(closure)) ?? closure.paths;
  try {
    return await copy(unseen, receiver);
  } catch (error) {
    if (!(error instanceof NixError)) throw error;
    const missing = await missingPaths(closure.paths, options).catch(() => []);
    if (missing.every((path) => unseen.includes(path))) throw error;
    return await copy(missing);
  }
}
