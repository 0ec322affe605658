import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { RigConfig } from '../config/rig-config.ts';
import type { RigEvent } from './rig-event.ts';

const rotateAt = 8 * 2 ** 20;

/** Where the history of a rig lies, one event a line; what is older is in the same name with `.1`. */
export function eventLogPath({ stateDir }: Pick<RigConfig, 'stateDir'>): string {
  return join(stateDir, 'events.jsonl');
}

/** Appends events to the rig's history. */
export async function appendEvents(
  config: RigConfig,
): Promise<AsyncDisposable & { append(event: RigEvent): void }> {
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  const path = eventLogPath(config);
  if ((await sizeOf(path)) > rotateAt) await rename(path, `${path}.1`);
  const stream: WriteStream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  return {
    append: (event) => void stream.write(`${JSON.stringify(event)}\n`),
    [Symbol.asyncDispose]: async () => {
      stream.end();
      await finished(stream);
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  return (await unlessAbsent(stat(path)))?.size ?? 0;
}
