import type { Host } from '@cutover/host';

import { script } from './script.ts';

/** `$1` a system. A line for each part that only a reboot replaces: its name and a hash of what it is. */
const partsScript = `
for part in kernel initrd kernel-modules kernel-params; do
  real=$(readlink -f "$1/$part" 2> /dev/null)
  [ -e "$real" ] || continue
  case $real in
    */nix/store/*|/nix/store/*) [ "\${real#"$(readlink -f "$1")"/}" = "$real" ] && { echo "$part $real"; continue; } ;;
  esac
  # A part that lies in the system itself is told by its content.
  if [ -d "$real" ]; then sum=$(cd "$real" && find . -type f -exec cksum {} + | sort | cksum); else sum=$(cksum < "$real"); fi
  echo "$part $sum"
done
`;

/** The parts of `system` that differ from those of the system that booted; none where it is not known what booted. */
export async function rebootParts(
  builder: Host,
  target: Host,
  booted: string,
  system: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const options = signal === undefined ? {} : { signal };
  const [before, after] = await Promise.all([
    target.run(script('parts', partsScript, booted), options),
    builder.run(script('parts', partsScript, system), options),
  ]);
  if (before.stdout === '') return [];
  const known = new Set(before.stdout.split('\n'));
  return after.stdout
    .split('\n')
    .filter((line) => line !== '' && !known.has(line))
    .map((line) => line.split(' ', 1)[0] ?? line);
}
