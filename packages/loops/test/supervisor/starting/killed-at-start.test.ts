import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { statePath } from '../../../src/state/state-store.ts';
import { makeRig, pidOf, until, untilRunning } from '../../rig.ts';

it('goes on in its session with an agent whose start its supervisor did not live to see', async () => {
  const say = (what: string) => ['sh', '-c', `echo ${what} >> said; exec sleep 1000`];
  await using rig = await makeRig({
    loops: { one: { command: say('fresh'), resume: say('resumed'), restart: { initialDelay: '10ms' } } },
  });
  const first = await rig.supervise();
  const pid = pidOf(await untilRunning(first), 'one');
  const said = join(rig.directory, 'said');
  await until(
    () => readFile(said, 'utf8').catch(() => ''),
    (text) => text === 'fresh\n',
  );
  await first[Symbol.asyncDispose]();
  // As a supervisor leaves it that is killed between the start of an agent and the write that says so.
  const path = statePath(rig.config.stateDir);
  const state = await readFile(path, 'utf8');
  expect(state).toContain('"begun": true');
  await writeFile(path, state.replace('"begun": true', '"begun": false'));
  const second = await rig.supervise();
  expect(pidOf(await untilRunning(second), 'one')).toBe(pid);
  process.kill(pid, 'SIGKILL');
  expect(
    await until(
      () => readFile(said, 'utf8'),
      (text) => text !== 'fresh\n',
    ),
  ).toBe('fresh\nresumed\n');
});
