import type { Host } from '@cutover/host';

import { script } from './script.ts';

/**
 * Systems as arguments. A line for each part that only a reboot replaces: the number of the system, the part, and what
 * it is: a store path of its own, or, where it lies in the system itself, a sum of its content.
 */
const partsScript = `
number=0
for system in "$@"; do
  number=$((number + 1))
  top=$(readlink -f "$system")
  for part in kernel initrd kernel-modules kernel-params; do
    [ -e "$system/$part" ] || continue
    real=$(readlink -f "$system/$part")
    sum=$real
    case $real in
      "$top"/*) if [ -d "$real" ]; then sum=$(cd "$real" && find . -type f -exec cksum {} + | sort | cksum); else sum=$(cksum < "$real"); fi ;;
    esac
    echo "$number $part $sum"
  done
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
  const read = async (host: Host, systems: readonly string[]): Promise<readonly string[]> => {
    const argv = script('parts', partsScript, ...systems);
    return (await host.run(argv, signal === undefined ? {} : { signal })).stdout.split('\n');
  };
  const of = (lines: readonly string[], number: number): string[] =>
    lines.filter((line) => line.startsWith(`${number} `)).map((line) => line.slice(2));
  const [before, after] =
    builder === target
      ? await read(target, [booted, system]).then((lines) => [of(lines, 1), of(lines, 2)])
      : await Promise.all([read(target, [booted]), read(builder, [system])]).then((both) =>
          both.map((lines) => of(lines, 1)),
        );
  if (before === undefined || before.length === 0) return [];
  return (after ?? []).filter((line) => !before.includes(line)).map((line) => line.split(' ', 1)[0] ?? line);
}
