import type { Host } from '@cutover/host';

import { asRoot, type Privilege, script } from '../target/script.ts';
import { asLines } from './closure.ts';
import missing from './missing-paths.sh';
import substitutePaths from './substitute-paths.sh';

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

async function ask(
  { to, privilege, signal }: MissingOptions,
  closure: readonly string[],
  text: string,
): Promise<readonly string[]> {
  const argv = script('missing', text);
  const { stdout } = await to.run(asRoot(argv, privilege), {
    input: asLines(closure),
    signal,
  });
  const lacking = new Set(stdout.split('\n'));
  return closure.filter((path) => lacking.has(path));
}
