import { readFile } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../config/rig-config.ts';
import type { RigEvent } from './rig-event.ts';
import { eventLogPath } from './event-log.ts';

/** The events of a rig that are kept, oldest first. A torn last line, of a crash, is left out. */
export async function readHistory(config: Pick<RigConfig, 'stateDir'>): Promise<RigEvent[]> {
  const path = eventLogPath(config);
  const texts = await Promise.all([readText(`${path}.1`), readText(path)]);
  return texts.flatMap((text) => text.split('\n').flatMap(parseEvent));
}

function parseEvent(line: string): RigEvent[] {
  if (!line.startsWith('{') || !line.endsWith('}')) return [];
  try {
    // Only supervisors write there.
    return [JSON.parse(line) as RigEvent];
  } catch {
    // Two writers' lines ran into each other at a crash.
    return [];
  }
}

async function readText(path: string): Promise<string> {
  return (await unlessAbsent(readFile(path, 'utf8'))) ?? '';
}
