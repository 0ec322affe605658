import type { Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';

export interface MissingOptions {
  readonly to: Host;
  readonly privilege: Privilege;
  /** It fetches from its own binary caches what it can, first. */
  readonly substitute?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The paths of a closure that a host lacks, in the order of the closure. */
export async function missingPaths(
  closure: readonly StorePath[],
  { to, privilege, substitute, signal }: MissingOptions,
): Promise<readonly StorePath[]> {
  const argv = script('missing', missingScript, substitute === true ? 'yes' : '');
  const { stdout } = await to.run(asRoot(argv, privilege), {
    input: closure.map(({ path }) => `${path}\n`).join(''),
    ...(signal === undefined ? {} : { signal }),
  });
  const lacking = new Set(stdout.split('\n'));
  return closure.filter(({ path }) => lacking.has(path));
}

/** `$1`: whether to substitute first. Paths on stdin; prints those that are not valid here. */
const missingScript = `
if [ -n "$1" ]; then
  paths=$(cat)
  nix-store --realise --ignore-unknown $(nix-store --check-validity --print-invalid $paths) > /dev/null 2>&1 || :
  printf '%s\\n' "$paths" | exec xargs nix-store --check-validity --print-invalid
else
  exec xargs nix-store --check-validity --print-invalid
fi
`;
