import { NixError } from '../errors.ts';
import type { StorePath } from '../nix/path-info.ts';
import { type Closure, sized } from './closure.ts';
import { copySigned } from './copy-signed.ts';
import { type MissingOptions, missingPaths, unseenPaths } from './missing-paths.ts';
import { type CopyOptions, sendPaths } from './send-paths.ts';
import { type SharedExports, sendShared } from './send-shared.ts';

export interface CopyClosureOptions extends CopyOptions, MissingOptions {
  /** With the signatures of its paths. */
  readonly signed?: boolean | undefined;
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
  const copy = async (paths: readonly string[]): Promise<readonly StorePath[]> => {
    const missing = await sized(paths, closure);
    options.admit?.(missing);
    if (options.signed === true) await copySigned(closure.of, missing, options);
    else if (options.exports === undefined) await sendPaths(missing, options);
    else await sendShared(options.exports, missing, options);
    return missing;
  };
  // What came with signatures may have to be deleted again, so all of it must be known.
  if (options.signed === true) return await copy(await missingPaths(closure.paths, options));
  const unseen = await unseenPaths(closure, options);
  try {
    return await copy(unseen);
  } catch (error) {
    if (!(error instanceof NixError)) throw error;
    const missing = await missingPaths(closure.paths, options).catch(() => []);
    if (missing.every((path) => unseen.includes(path))) throw error;
    return await copy(missing);
  }
}
