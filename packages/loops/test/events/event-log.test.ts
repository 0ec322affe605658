import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventLog } from '../../src/events/event-log.ts';
import { readHistory } from '../../src/events/read-history.ts';

let stateDir: string;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'loops-events-'));
});
afterAll(async () => rm(stateDir, { recursive: true, force: true }));

it('rotates while it is written, and keeps what came last in order', async () => {
  const log = await EventLog.open({ stateDir }, () => {}, 2000);
  for (let at = 0; at < 200; at += 1) log.append({ type: 'ready', loop: 'one', at });
  await log[Symbol.asyncDispose]();
  const kept = (await readHistory({ stateDir })).map(({ at }) => at);
  expect(kept.length).toBeLessThan(120);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 200 - kept.length + index));
});

it('tells once that it cannot be written', async () => {
  const failures: unknown[] = [];
  const gone = join(stateDir, 'gone');
  const log = await EventLog.open({ stateDir: gone }, (error) => failures.push(error));
  await rm(gone, { recursive: true });
  await writeFile(gone, 'a file in the place of the folder');
  for (let at = 0; at < 3; at += 1) log.append({ type: 'ready', loop: 'one', at });
  await log[Symbol.asyncDispose]();
  expect(failures).toMatchObject([{ code: 'ENOTDIR' }]);
});
