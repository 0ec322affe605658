import type { Host } from '@cutover/host';

import { script } from './script.ts';

/** A part of a system that only a reboot replaces. */
export interface RebootPart {
  readonly part: 'kernel' | 'initrd' | 'kernel-modules' | 'kernel-params';
  /** Of its file; of a folder it says little. */
  readonly bytes: number;
}

/**
 * Systems as arguments. A line for each part: the number of the system, the part, its size, and what it is: a store path
 * of its own, or, where it lies in the system itself, a sum of its content.
 */
const partsScript = `
number=0
for system in "$@"; do
  number=$((number + 1))
  top=$(readlink -f "$system")
  for part in kernel initrd kernel-modules kernel-params; do
    [ -e "$top/$part" ] || continue
    real=$(readlink -f "$top/$part")
    size=0
    [ -d "$real" ] || size=$(stat -c %s "$real")
    case $real in
      "$top"/*) if [ -d "$real" ]; then sum=$(cd "$real" && find . -type f -exec cksum {} + | sort | cksum); else sum=$(cksum < "$real"); fi ;;
      *) sum=$real ;;
    esac
    echo "$number $part $size $sum"
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
): Promise<readonly RebootPart[]> {
  const read = async (host: Host, systems: readonly string[]): Promise<string> => {
    const argv = script('parts', partsScript, ...systems);
    return (await host.run(argv, signal === undefined ? {} : { signal })).stdout;
  };
  if (builder === target) {
    const text = await read(target, [booted, system]);
    return differing(parse(text, 1), parse(text, 2));
  }
  const [before, after] = await Promise.all([read(target, [booted]), read(builder, [system])]);
  return differing(parse(before, 1), parse(after, 1));
}

type Identified = RebootPart & { readonly identity: string };

function parse(text: string, number: number): Identified[] {
  const pattern = new RegExp(`^${number} (kernel|initrd|kernel-modules|kernel-params) (\\d+) (.*)$`, 'gm');
  return [...text.matchAll(pattern)].flatMap(([, part, bytes, identity = '']) =>
    part === 'kernel' || part === 'initrd' || part === 'kernel-modules' || part === 'kernel-params'
      ? [{ part, bytes: Number(bytes), identity }]
      : [],
  );
}

function differing(before: readonly Identified[], after: readonly Identified[]): readonly RebootPart[] {
  if (before.length === 0) return [];
  const known = new Set(before.map(({ part, identity }) => `${part} ${identity}`));
  return after
    .filter(({ part, identity }) => !known.has(`${part} ${identity}`))
    .map(({ part, bytes }) => ({ part, bytes }));
}

/** Bytes that a boot loader has to put somewhere for these parts. */
export function bootBytes(parts: readonly RebootPart[]): number {
  return parts.reduce(
    (sum, { part, bytes }) => sum + (part === 'kernel' || part === 'initrd' ? bytes : 0),
    0,
  );
}
