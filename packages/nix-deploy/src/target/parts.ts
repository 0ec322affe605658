import type { Host } from '@cutover/host';

import { script } from './script.ts';

/** A part of a system that only a reboot replaces. */
export interface Part {
  readonly part: 'kernel' | 'initrd' | 'kernel-modules' | 'kernel-params';
  /** Of its file; of a folder it says little. */
  readonly bytes: number;
  /** A store path of its own, or, where it lies in the system itself, a sum of its content. */
  readonly identity: string;
}

/** Defines `parts SYSTEM`, which says a line for each part that the system has: `part NAME BYTES IDENTITY`. */
export const partsFunction = `
parts() {
  top=$(readlink -f "$1")
  for part in kernel initrd kernel-modules kernel-params; do
    [ -e "$top/$part" ] || continue
    real=$(readlink -f "$top/$part")
    size=0
    [ -d "$real" ] || size=$(stat -c %s "$real")
    case $real in
      "$top"/*) if [ -d "$real" ]; then sum=$(cd "$real" && find . -type f -exec cksum {} + | sort | cksum); else sum=$(cksum < "$real"); fi ;;
      *) sum=$real ;;
    esac
    echo "part $part $size $sum"
  done
}
`;

/** The parts of a system that a host has in its store. */
export async function partsOf(host: Host, system: string, signal?: AbortSignal): Promise<readonly Part[]> {
  const argv = script('parts', `${partsFunction}parts "$1"`, system);
  return parseParts((await host.run(argv, signal === undefined ? {} : { signal })).stdout);
}

export function parseParts(text: string): readonly Part[] {
  const pattern = /^part (kernel|initrd|kernel-modules|kernel-params) (\d+) (.*)$/gm;
  return [...text.matchAll(pattern)].flatMap(([, part, bytes, identity = '']) =>
    part === 'kernel' || part === 'initrd' || part === 'kernel-modules' || part === 'kernel-params'
      ? [{ part, bytes: Number(bytes), identity }]
      : [],
  );
}

/** The parts of `system` that differ from those that `booted`; none where it is not known what booted. Pure. */
export function differingParts(booted: readonly Part[], system: readonly Part[]): readonly Part[] {
  if (booted.length === 0) return [];
  const known = new Set(booted.map(({ part, identity }) => `${part} ${identity}`));
  return system.filter(({ part, identity }) => !known.has(`${part} ${identity}`));
}

/** Bytes that a boot loader has to put somewhere for these parts. */
export function bootBytes(parts: readonly Part[]): number {
  return parts.reduce(
    (sum, { part, bytes }) => sum + (part === 'kernel' || part === 'initrd' ? bytes : 0),
    0,
  );
}
