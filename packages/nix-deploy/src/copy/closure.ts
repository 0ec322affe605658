import type { Host } from '@cutover/host';

import type { StorePath } from '../nix/path-info.ts';
import { script } from '../target/script.ts';

/** The closure of some paths on a host that has it, each path after those that it refers to, as an import needs them. */
export async function closureOf(
  host: Host,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<readonly StorePath[]> {
  const argv = script('closure', closureScript, ...paths);
  const { stdout } = await host.run(argv, signal === undefined ? {} : { signal });
  return parseClosure(stdout.split('\n'));
}

/** Paths as arguments. A path and its size a line, in words that nix-store has always had. */
export const closureScript = `
paths=$(nix-store --query --requisites "$@") || exit
printf '%s\\n' "$paths" | xargs nix-store --query --size | {
  for path in $paths; do read -r size && printf '%s %s\\n' "$path" "$size"; done
}
`;

export function parseClosure(lines: readonly string[]): readonly StorePath[] {
  return lines.flatMap((line) => {
    const [path = '', size = ''] = line.split(' ');
    return size === '' ? [] : [{ path, narSize: Number(size) }];
  });
}

/** Bytes of the content of store paths together. */
export function sizeOf(paths: readonly StorePath[]): number {
  return paths.reduce((sum, { narSize }) => sum + narSize, 0);
}
