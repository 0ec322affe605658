import type { Host } from '@cutover/host';

import { asRoot, type Privilege, script } from '../target/script.ts';
import { asLines, type Closure } from './closure.ts';
import missing from './missing-paths.sh';
import substitutePaths from './substitute-paths.sh';
import unseen from './unseen-paths.sh';

export interface MissingOptions {
  readonly to: Host;
  readonly privilege: Privilege;
  /** It fetches from its own binary caches what it can, first. */
  readonly substitute?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The paths of a closure that a host lacks, in the order of the closure. */
export async function missingPaths(
  closure: readonly string[],
  options: MissingOptions,
): Promise<readonly string[]> {
  const { substitute } = options;
  return await ask(options, closure, substitute === true ? substitutePaths : missing);
}

/**
 * The same by what lies in the store, which is sooner seen than asked of Nix. What was left there half done is taken for a
 * path; but since it has no valid referrers, and the closure's own path is not there, Nix refuses to import what refers
 * to it. Where the closure's own path can be seen, Nix is asked.
 */
export async function unseenPaths(
  { of, paths }: Pick<Closure, 'of' | 'paths'>,
  options: MissingOptions,
): Promise<readonly string[]> {
  if (options.substitute === true) return await missingPaths(paths, options);
  return await ask(options, paths, unseen, of);
}

async function ask(
  { to, privilege, signal }: MissingOptions,
  closure: readonly string[],
  text: string,
  ...values: readonly string[]
): Promise<readonly string[]> {
  const argv = script('missing', text, ...values);
  const { stdout } = await to.run(asRoot(argv, privilege), {
    input: asLines(closure),
    signal,
  });
  const lacking = new Set(stdout.split('\n'));
  return closure.filter((path) => lacking.has(path));
}
