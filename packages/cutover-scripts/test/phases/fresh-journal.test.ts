import { access, constants, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRun } from '@cutover/runbook';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cutOverSteps } from '../../src/phases/d-cut-over.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const loop = `a-loop-of-a-fresh-journal-${process.pid}`;
let hosts: TwoHosts;
let pids: string;
beforeAll(async () => {
  hosts = await startTwoHosts({ processes: [loop], stop: ['stop-rig'], quiesceTimeout: 60_000 });
  pids = join(hosts.root, 'pids');
  await writeFile(pids, '');
  await hosts.program('crontab', 'exit 0');
  await hosts.program(
    'start-rig',
    `bash -c 'exec -a ${loop} sleep 1000' >/dev/null 2>&1 & echo $! >>${pids}`,
  );
  await hosts.program('stop-rig', `kill $(tail -n 1 ${pids})`);
  Object.assign(hosts.world.settings.old, { start: [join(hosts.root, 'bin/start-rig')] });
});
afterAll(async () => {
  for (const pid of (await readFile(pids, 'utf8')).trim().split('\n'))
    await hosts.world.here.run(['kill', '-KILL', pid], { reject: false });
  await hosts[Symbol.asyncDispose]();
});

async function command(name: 'run' | 'rollback', stateDirectory: string) {
  const { outcome } = startRun({
    runbook: {
      name: 'two hosts',
      phases: [{ id: 'd-cut-over', title: 'D cut over' }],
      world: hosts.world,
      // Its units are the lab's to have.
      steps: cutOverSteps.filter(({ id }) => id !== 'ready-new'),
    },
    stateDirectory: join(hosts.root, stateDirectory),
    command: name,
    ...(name === 'run' ? { until: 'revoke-old' } : {}),
    decide: async () => ({ decision: 'approved', by: 'ada' }),
  });
  return outcome;
}

const oldIsLetIn = async () =>
  (await hosts.world.forge.fence.list(AbortSignal.timeout(30_000))).some(({ name }) => name === 'pi');
const runs = async () => {
  const { exitCode } = await hosts.world.here.run(['pgrep', '-f', `^${loop}`], { reject: false });
  return exitCode === 0;
};

test('a journal that found the old rig stopped and fenced by another gives all of it back in a rollback', async () => {
  await hosts.owned('held', 'pi');
  await hosts.world.old.run(hosts.world.settings.old.start);
  expect(await command('run', 'first')).toEqual({ result: 'ok' });
  expect([await runs(), await oldIsLetIn()]).toEqual([false, false]);
  // The first state directory is gone, with the keys that it remembered.
  await rm(join(hosts.root, 'first'), { recursive: true });
  await rm(hosts.world.workDirectory, { recursive: true });
  expect(await command('run', 'second')).toEqual({ result: 'ok' });
  expect(await command('rollback', 'second')).toEqual({ result: 'ok' });
  expect([await runs(), await oldIsLetIn()]).toEqual([true, true]);
  await access(join(hosts.root, 'bin/start-rig'), constants.X_OK);
});
