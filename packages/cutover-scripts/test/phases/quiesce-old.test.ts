import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { quiesceOld } from '../../src/phases/d-cut-over/stop-old.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const loop = `a-loop-that-is-stopped-${process.pid}`;
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts({ processes: [loop], stop: ['stop-rig'], quiesceTimeout: 60_000 });
});
beforeEach(async () => {
  await hosts.reset();
  await rm(join(hosts.root, 'stopped'), { force: true });
  await hosts.git(hosts.old.clone, 'remote', 'set-url', 'origin', join(hosts.root, 'forge/work.git'));
});
afterAll(() => hosts[Symbol.asyncDispose]());

const quiesce = (quiesceTimeout = 60_000) => {
  const { world } = hosts;
  const settings = { ...world.settings, old: { ...world.settings.old, quiesceTimeout } };
  return quiesceOld.apply?.(stepContext({ ...world, settings }));
};

/** The old rig runs while `act` does. */
async function withRig(act: () => Promise<void>, andThen = ':'): Promise<void> {
  const rig = spawn('bash', ['-c', `exec -a ${loop} sleep 1000`], { stdio: 'ignore' });
  await once(rig, 'spawn');
  await hosts.program('stop-rig', `touch ${hosts.root}/stopped; kill ${rig.pid}; ${andThen}`);
  const closed = once(rig, 'close');
  try {
    await act();
  } finally {
    rig.kill('SIGKILL');
    await closed;
  }
}

test('a forge that dies while the rig is stopped costs nothing, for it was asked while the rig stood still', async () => {
  const gone = `mv ${hosts.root}/forge/work.git ${hosts.root}/forge/gone.git`;
  await withRig(async () => expect(await quiesce()).toBeUndefined(), gone);
});

test('a last commit that finds the forge dead: it is said that the loops run nowhere now', async () => {
  const commit = `git -C ${hosts.old.clone} -c user.name=x -c user.email=x@x commit -q --allow-empty -m last`;
  await withRig(async () => {
    await expect(quiesce()).rejects.toMatchObject({
      code: 'NO_SAFE_POINT',
      message: expect.stringMatching(/was stopped.*The loops run nowhere now: resume .*, rollback starts/),
    });
  }, `${commit}; mv ${hosts.root}/forge/work.git ${hosts.root}/forge/gone.git`);
});

test('a rig that comes to no safe point is left running, and it is said', async () => {
  await withRig(async () => {
    await writeFile(join(hosts.old.clone, 'half'), 'half-written');
    await expect(quiesce(3000)).rejects.toMatchObject({
      code: 'NO_SAFE_POINT',
      message: expect.stringMatching(/no safe point in time, and works on:\n.*half/),
    });
    expect(existsSync(join(hosts.root, 'stopped'))).toBe(false);
  });
});

test('a rig that was down already is not said to work on', async () => {
  await writeFile(join(hosts.old.clone, 'half'), 'half-written');
  await expect(quiesce(3000)).rejects.toMatchObject({
    code: 'NO_SAFE_POINT',
    message: expect.stringMatching(/was down already.*Push it or put it away by hand, then resume:\n.*half/),
  });
  expect(existsSync(join(hosts.root, 'stopped'))).toBe(false);
});
