import type { Host } from '@cutover/host';

import { PreflightError } from '../errors.ts';
import partsFunction from './parts.sh';
import { script } from './script.ts';

/** A part of a system that only a reboot replaces. */
export interface Part {
  readonly part: 'kernel' | 'initrd' | 'kernel-modules' | 'kernel-params';
  /** Of its file; of a folder it says little. */
  readonly bytes: number;
  /** A store path of its own, or, where it lies in the system itself, a sum of its content. */
  readonly identity: string;
}

/** The parts of a system that a host has in its store. @throws {PreflightError} it is not there. */
export async function partsOf(host: Host, system: string, signal?: AbortSignal): Promise<readonly Part[]> {
  const argv = script('parts', `${partsFunction}[ ! -e "$1" ] || { echo there; parts "$1"; }`, system);
  const { stdout } = await host.run(argv, { signal });
  if (stdout.startsWith('there\n')) return parseParts(stdout);
  const message = `${system} is not in the store of ${host.name}`;
  const fix = 'build it there, or name the place that has it (--build-on here sends it from this machine)';
  throw new PreflightError(host.name, [{ check: 'no-system', message, fix }]);
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
