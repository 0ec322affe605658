import type { Host } from '@cutover/host';

import { closureArgv } from '../nix/arguments.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';

export interface MissingOptions {
  readonly from: Host;
  readonly to: Host;
  readonly paths: readonly string[];
  readonly privilege: Privilege;
  /** The destination fetches from its own binary caches what it can, first. */
  readonly substitute?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The paths in the closure of `paths` that the destination lacks, each after those that it refers to. */
export async function missingPaths(options: MissingOptions): Promise<readonly string[]> {
  const { from, to, paths, privilege, substitute, signal } = options;
  const abortable = signal === undefined ? {} : { signal };
  const closure = await from.run(closureArgv(paths), abortable);
  const argv = script('missing', missingScript, substitute === true ? 'yes' : '');
  const missing = await to.run(asRoot(argv, privilege), { ...abortable, input: closure.stdout });
  const lacking = new Set(missing.stdout.split('\n').filter((path) => path !== ''));
  // `--requisites` lists what is referred to before what refers to it; an import needs that order.
  return closure.stdout.split('\n').filter((path) => lacking.has(path));
}

/** `$1`: whether to substitute first. Paths on stdin; prints those that are not valid here. */
const missingScript = `
paths=$(cat)
if [ -n "$1" ]; then
  nix-store --realise --ignore-unknown $(nix-store --check-validity --print-invalid $paths) > /dev/null 2>&1 || :
fi
printf '%s\\n' "$paths" | xargs -r nix-store --check-validity --print-invalid
`;
