import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { holdOldStopped } from '../../src/old-rig/hold-old-stopped.ts';
import { startOldRig } from '../../src/old-rig/start-old-rig.ts';
import { revokeOld } from '../../src/phases/d-cut-over/move-over.ts';
import { disableOld, quiesceOld } from '../../src/phases/d-cut-over/stop-old.ts';
import { enableOld, startOld } from '../../src/phases/rollback/start-old.ts';
import type { World } from '../../src/world/world.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const loop = `a-loop-that-may-run-${process.pid}`;
const signal = AbortSignal.timeout(600_000);
let hosts: TwoHosts;
let starts: string;

beforeAll(async () => {
  hosts = await startTwoHosts({ processes: [loop], start: ['start-rig'] });
  starts = join(hosts.root, 'starts');
});
beforeEach(async () => {
  await hosts.reset();
  await writeFile(starts, '');
  // Not idempotent, as a start script may be.
  await hosts.program(
    'start-rig',
    `bash -c 'exec -a ${loop} sleep 1000' >/dev/null 2>&1 & echo $! >>${starts}`,
  );
});
afterEach(async () => {
  for (const pid of (await readFile(starts, 'utf8')).split('\n').filter((line) => line !== ''))
    process.kill(Number(pid), 'SIGKILL');
});
afterAll(() => hosts[Symbol.asyncDispose]());

const context = () => stepContext(hosts.world, { 'see-old-rig': { keys: [], processes: [], agent: null } });
const started = async () => (await readFile(starts, 'utf8')).split('\n').length - 1;
const refused = { code: 'NOT_OWNER', message: expect.stringMatching(/pi may not run the loops.*vm/) };

test('the old rig is started only while the old host holds the loops', async () => {
  await hosts.owned('held', 'vm');
  await expect(startOldRig(hosts.world, signal)).rejects.toMatchObject(refused);
  await hosts.owned('released', 'vm');
  await expect(startOldRig(hosts.world, signal)).rejects.toMatchObject(refused);
  await hosts.owned('released', 'pi');
  await expect(startOldRig(hosts.world, signal)).rejects.toMatchObject({ code: 'NOT_OWNER' });
  expect(await started()).toBe(0);
  await hosts.owned('held', 'pi');
  await startOldRig(hosts.world, signal);
  expect(await started()).toBe(1);
});

test('a rig that runs already is not started a second time by an undo', async () => {
  await hosts.owned('released', 'pi');
  await quiesceOld.undo?.(context());
  await quiesceOld.undo?.(context());
  expect(await started()).toBe(1);
});

test('a part of a rig that a start left which was cut off is stopped, and the whole is started', async () => {
  const [one, other] = [`${loop}-one`, `${loop}-other`];
  const run = (name: string) => `bash -c 'exec -a ${name} sleep 1000' >/dev/null 2>&1 & echo $! >>${starts}`;
  const cutOff = join(hosts.root, 'cut-off');
  await writeFile(cutOff, '');
  await hosts.program('start-rig', `${run(one)}\nrm ${cutOff} 2>/dev/null && exit\n${run(other)}`);
  await hosts.program('stop-rig', `kill -KILL $(cat ${starts}); : >${starts}`);
  const { world } = hosts;
  const old = { ...world.settings.old, processes: [one, other], stop: ['stop-rig'] };
  const ofTwo: World = { ...world, settings: { ...world.settings, old } };
  await hosts.owned('held', 'pi');
  await world.oldRig.run(['start-rig']);
  expect(await startOld.check?.(stepContext(ofTwo))).toMatchObject({
    state: 'partial',
    evidence: { running: 1, missing: [other] },
  });
  await startOld.apply?.(stepContext(ofTwo));
  expect(await startOld.check?.(stepContext(ofTwo))).toMatchObject({ state: 'satisfied' });
  // One of each: neither runs twice.
  expect(await started()).toBe(2);
});

test.each([
  ['its starts are not given back', async () => enableOld.apply?.(context())],
  ['nor in an undo', async () => disableOld.undo?.(context())],
  ['nor is its key let in again', async () => revokeOld.undo?.(context())],
  ['nor is the rig started by an undo', async () => quiesceOld.undo?.(context())],
])('while the new host holds the loops: %s', async (_, act) => {
  await hosts.owned('held', 'vm');
  await expect(act()).rejects.toMatchObject(refused);
  expect(await started()).toBe(0);
  expect(existsSync(join(hosts.root, 'bin/start-rig'))).toBe(true);
});

test('an old rig that someone started after the grant is stopped before the new one starts', async () => {
  await hosts.owned('held', 'pi');
  await startOldRig(hosts.world, signal);
  await hosts.owned('held', 'vm');
  await hosts.program('stop-rig', 'echo it does not stop');
  const { world } = hosts;
  const stopping: World = {
    ...world,
    settings: { ...world.settings, old: { ...world.settings.old, stop: ['stop-rig'], units: [] } },
  };
  await expect(holdOldStopped(stopping, signal)).rejects.toMatchObject({
    code: 'OLD_RIG_RUNS',
    message: expect.stringContaining('the old rig runs on pi again'),
  });
  await hosts.program('stop-rig', `kill -KILL $(cat ${starts})`);
  await holdOldStopped(stopping, signal);
});

test('an old host that is off holds no start of the new rig up', async () => {
  hosts.reach('pi', 'is silent');
  await expect(holdOldStopped(hosts.world, signal)).resolves.toBeUndefined();
});
