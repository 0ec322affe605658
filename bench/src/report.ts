import { readFile } from 'node:fs/promises';
import { describeMachine, type Machine } from './machine.ts';
import type { Measured } from './measure.ts';

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  /** When it was written, ISO 8601. */
  readonly date: string;
  readonly figures: readonly Measured[];
}

/** A report of what was measured now, and of what earlier reports of this machine have besides. */
export async function makeReport(figures: readonly Measured[], earlier: readonly string[]): Promise<Report> {
  const known = new Map<string, Measured>();
  for (const path of earlier) {
    const { figures: old } = JSON.parse(await readFile(path, 'utf8')) as Report;
    for (const figure of old) known.set(keyOf(figure), figure);
  }
  for (const figure of figures) known.set(keyOf(figure), figure);
  return { machine: describeMachine(), date: new Date().toISOString(), figures: [...known.values()] };
}

function keyOf({ package: from, name, peerName }: Measured): string {
  return JSON.stringify([from, name, peerName]);
}
