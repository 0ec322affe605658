import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectIncus } from '@cutover/incus-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keysOfNewHost } from '../../src/new-host/forge-key.ts';
import { newAsLastOwner } from '../../src/ownership/last-owner.ts';
import { revokeOld } from '../../src/phases/d-cut-over/move-over.ts';
import { rollbackSteps } from '../../src/phases/rollback.ts';
import { grantOld, swapKeys } from '../../src/phases/rollback/move-back.ts';
import { proveNewStopped, quiesceNew, reachBoth, releaseNew } from '../../src/phases/rollback/stop-new.ts';
import type { World } from '../../src/world/world.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const signal = AbortSignal.timeout(600_000);
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
beforeEach(() => hosts.reset());
afterAll(() => hosts[Symbol.asyncDispose]());

const context = (world = hosts.world) => stepContext(world, { 'see-old-rig': { keys: [pi()], agent: null } });
const pi = () => ({ name: 'pi', fingerprint: hosts.old.fingerprint, publicKey: hosts.old.publicKey });
const letIn = async () => (await hosts.world.forge.fence.list(signal)).map(({ name }) => name);

/** Runs something in a folder for as long as `act` takes. */
async function running(
  cwd: string,
  act: (pid: number) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const child = spawn('sleep', ['1000'], { cwd, stdio: 'ignore', env: { ...process.env, ...env } });
  try {
    await once(child, 'spawn');
    await act(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}

test('before anything is released both hosts must answer', async () => {
  const lost = () => Promise.reject(new Error('no answer'));
  expect(await reachBoth.check?.(context())).toMatchObject({ state: 'satisfied' });
  const without: World = { ...hosts.world, targetRig: lost, incus: lost };
  await expect(reachBoth.check?.(context(without))).rejects.toThrow('no answer');
  expect(rollbackSteps.indexOf(reachBoth)).toBeLessThan(rollbackSteps.indexOf(releaseNew));
});

test('whatever works in the workspace of the new rig is part of it, also with no terminal and no unit', async () => {
  expect(await quiesceNew.check?.(context())).toMatchObject({ state: 'satisfied' });
  await running(hosts.new.clone, async (pid) => {
    const found = [expect.stringContaining(`${pid} sleep 1000`)];
    expect(await quiesceNew.check?.(context())).toMatchObject({
      state: 'absent',
      evidence: { running: found },
    });
    expect(await proveNewStopped.check?.(context())).toMatchObject({
      state: 'conflict',
      reason: expect.stringContaining('sleep 1000'),
    });
  });
});

const controlGroups = existsSync('/sys/fs/cgroup/systemd') ? '/sys/fs/cgroup/systemd' : '/sys/fs/cgroup';

test.skipIf(process.getuid?.() !== 0)(
  'what a scope of the new rig holds is part of it, wherever it works',
  async () => {
    const scope = join(controlGroups, `loops-two-hosts-builder-${process.pid}.scope`);
    await mkdir(scope);
    try {
      const another = async (pid: number) => {
        await writeFile(join(scope, 'cgroup.procs'), String(pid));
        expect(await quiesceNew.check?.(context())).toMatchObject({ state: 'satisfied' });
      };
      // Of a rig whose name begins with this one's.
      await running('/', another, { LOOPS_RIG: 'two-hosts-builder' });
      await running('/', async (pid) => {
        await writeFile(join(scope, 'cgroup.procs'), String(pid));
        expect(await quiesceNew.check?.(context())).toMatchObject({
          state: 'absent',
          evidence: { running: [`process: ${pid} sleep 1000`] },
        });
      });
    } finally {
      await expect
        .poll(() =>
          rmdir(scope).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
    }
  },
);

test('work is saved once nothing of the new rig can make more of it', () => {
  const ids = rollbackSteps.map(({ id }) => id);
  expect(ids.indexOf('back-save-work')).toBe(ids.indexOf('back-prove-stopped') + 1);
});

test('a new rig that was stopped with work left is stopped; one that was not is not taken for it', async () => {
  const log = join(hosts.root, 'systemctl.log');
  await hosts.program('systemctl', `echo "$*" >>${log}`);
  await hosts.program('loops', 'exit 13');
  await quiesceNew.apply?.(context());
  expect(await readFile(log, 'utf8')).toContain('stop loops-two-hosts.service loops-tmux-two-hosts.service');
  await hosts.program('loops', 'exit 17');
  await expect(quiesceNew.apply?.(context())).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
});

test('a run that ended between its commit line and its grant goes back to the host that released', async () => {
  await hosts.owned('released', 'pi');
  expect(await releaseNew.check?.(context())).toMatchObject({ state: 'satisfied' });
  expect(await grantOld.check?.(context())).toMatchObject({ state: 'absent' });
  await hosts.world.forge.fence.revoke(hosts.new.fingerprint, signal);
  const owners: string[] = [];
  await grantOld.apply?.({ ...context(), owner: async (owner) => void owners.push(owner) });
  expect(owners).toEqual(['pi']);
  expect(await grantOld.check?.(context())).toMatchObject({ state: 'satisfied', evidence: { owner: 'pi' } });
});

test('the key of a new host that was given up is taken away under whatever name the forge has it', async () => {
  const incus = connectIncus({ url: 'https://127.0.0.1:1', serverFingerprint: 'f'.repeat(64), signal });
  incus.catch(() => undefined);
  const world: World = { ...hosts.world, incus: () => incus };
  const { fence } = world.forge;
  await fence.revoke(hosts.new.fingerprint, signal);
  hosts.reach('vm', 'is silent');
  try {
    // No key of it is known, so none was taken away.
    expect(await newAsLastOwner(world, signal)).toMatchObject({ key: 'cannot', instance: 'not asked' });
    hosts.reach('vm', 'answers');
    await fence.grant('ada', hosts.new.publicKey, signal);
    expect(await keysOfNewHost(world, signal)).toEqual([{ fingerprint: hosts.new.fingerprint }]);
    hosts.reach('vm', 'is silent');
    expect(await newAsLastOwner(world, signal)).toMatchObject({ key: 'valid' });
    await swapKeys.apply?.(context(world));
    expect(await letIn()).not.toContain('ada');
    expect(await newAsLastOwner(world, signal)).toMatchObject({ key: 'revoked' });
  } finally {
    hosts.reach('vm', 'answers');
  }
});

test('the key of the old host is let in again without the new host', async () => {
  await hosts.owned('released', 'pi');
  await revokeOld.apply?.(context());
  expect(await letIn()).not.toContain('pi');
  const lost = () => Promise.reject(new Error('no answer'));
  const without = context({ ...hosts.world, target: lost, targetRig: lost });
  expect(await revokeOld.check?.(without)).toMatchObject({ state: 'satisfied' });
  await revokeOld.undo?.(without);
  expect(await revokeOld.check?.(without)).toMatchObject({ state: 'absent' });
  expect(await letIn()).toContain('pi');
});

test('a key that both hosts hold is not taken away: it would fence neither', async () => {
  const vm = { name: 'vm', fingerprint: hosts.new.fingerprint, publicKey: hosts.new.publicKey };
  const shared = stepContext(hosts.world, { 'see-old-rig': { keys: [pi(), vm], agent: null } });
  await expect(revokeOld.apply?.(shared)).rejects.toMatchObject({
    code: 'SHARED_KEY',
    fingerprint: hosts.new.fingerprint,
  });
  expect(await letIn()).toEqual(expect.arrayContaining(['pi', 'vm']));
});

test('the proxy that the old host reaches the forge by runs again before it is asked for its way back', async () => {
  const { clone } = hosts.old;
  const ssh = await hosts.git(clone, 'config', 'core.sshCommand');
  const isUp = join(hosts.root, 'proxy-is-up');
  await hosts.program('systemctl', `[ "$*" = 'start proxy.service' ] && touch '${isUp}'`);
  const through = join(await mkdtemp(join(hosts.root, 'through-')), 'ssh');
  const closed = `echo 'ssh: connect to host 127.0.0.1 port 1055: Connection refused' >&2; exit 255`;
  await writeFile(through, `#!/bin/sh\n[ -e '${isUp}' ] || { ${closed}; }\nexec ${ssh.trim()} "$@"\n`, {
    mode: 0o755,
  });
  await hosts.git(clone, 'config', 'core.sshCommand', through);
  const { settings } = hosts.world;
  const world = {
    ...hosts.world,
    settings: { ...settings, old: { ...settings.old, standbyUnits: ['proxy.service'] } },
  };
  try {
    expect(await swapKeys.check?.(context(world))).toMatchObject({ state: 'absent' });
    await swapKeys.apply?.(context(world));
    expect(await swapKeys.check?.(context(world))).toMatchObject({
      state: 'satisfied',
      evidence: { shutOut: [] },
    });
  } finally {
    await hosts.git(clone, 'config', 'core.sshCommand', ssh.trim());
  }
});
