import { dirname } from 'node:path';
import { lastRehearsal } from '@cutover/runbook';
import type { World } from '../world/world.ts';

const day = 86_400_000;

/** Days after which a rehearsal says little of the servers as they are now. */
const fresh = 14;

/** What is known of the last rehearsal, for the gate of the commit point; it changes at most once while a person reads. */
export async function rehearsalFact({ workDirectory }: World, now: number = Date.now()): Promise<string> {
  const last = await lastRehearsal(dirname(workDirectory));
  if (last === undefined) return 'WARNING: never rehearsed; `cutover rehearse` tries it out on your servers';
  const when = `on ${last.at.slice(0, 10)}`;
  if (last.result !== 'ok') {
    return `WARNING: the last one ${when} ended ${last.result}${last.step === undefined ? '' : ` at ${last.step}`}`;
  }
  return now - Date.parse(last.at) > fresh * day ? `WARNING: ok, but ${when}, long ago` : `ok ${when}`;
}
