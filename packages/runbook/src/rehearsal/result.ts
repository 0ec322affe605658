import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { RunResultName } from '../journal/entry.ts';

/** What came of the last rehearsal of a runbook. */
export interface RehearsalResult {
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly result: RunResultName;
  /** The step it ended at; absent for `ok`. */
  readonly step?: string | undefined;
  readonly reason?: string | undefined;
  /** Seconds in all, without taking it away again. */
  readonly seconds: number;
  /** Milliseconds that each step took. */
  readonly steps: Readonly<Record<string, number>>;
}

/** Where it is kept: in the state directory of the runbook, not of the rehearsal. */
function fileIn(statePath: string): string {
  return join(statePath, 'rehearsal.json');
}

/** Keeps the result. */
export async function keepRehearsal(statePath: string, result: RehearsalResult): Promise<void> {
  await writeFileDurably(fileIn(statePath), `${JSON.stringify(result)}\n`, { mode: 0o600 });
}

/**
 * The last rehearsal of a runbook, for instance to show it at a gate; `undefined`: it was never rehearsed with this state
 * directory.
 */
export async function lastRehearsal(statePath: string): Promise<RehearsalResult | undefined> {
  const text = await unlessAbsent(readFile(fileIn(statePath), 'utf8'));
  if (text === undefined) return undefined;
  const result: RehearsalResult = JSON.parse(text);
  return result;
}
