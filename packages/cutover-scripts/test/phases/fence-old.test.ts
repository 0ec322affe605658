import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { grantOwnership } from '@cutover/loops';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keyOfOldHost, keysAtForge } from '../../src/old-rig/host-keys.ts';
import { proveFenced, revokeOld } from '../../src/phases/d-cut-over/move-over.ts';
import { seeRunning } from '../../src/phases/d-cut-over/stop-old.ts';
import { forgetKeys, rememberKeys } from '../../src/old-rig/revoked-keys.ts';
import { findAlarms } from '../../src/ownership/alarms.ts';
import { ownershipRef } from '../../src/ownership/ownership.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const signal = AbortSignal.timeout(600_000);
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
beforeEach(() => hosts.reset());
afterAll(() => hosts[Symbol.asyncDispose]());

const fenced = () => proveFenced.check?.(stepContext(hosts.world, { 'see-old-rig': { agent: null } }));

test('the old host is fenced when the forge refuses it, asked from there', async () => {
  expect(await fenced()).toMatchObject({
    state: 'conflict',
    reason: expect.stringMatching(/pi can still push from .*pi\/rig\/work.*take it away at the forge/),
  });
  await hosts.world.forge.fence.revoke(hosts.old.fingerprint, signal);
  expect(await fenced()).toMatchObject({ state: 'satisfied', evidence: { letIn: [], silent: [] } });
});

test('a network that is down is no fence: nobody knows what the forge would have said', async () => {
  await hosts.world.forge.fence.revoke(hosts.old.fingerprint, signal);
  await hosts.forge.stop();
  const answer = await fenced();
  await hosts.forge.start();
  expect(answer).toMatchObject({ state: 'unknown', reason: expect.stringContaining('no answer') });
});

test('a key that is found nowhere in the home is found out before anything stops, by what it can do', async () => {
  const hidden = join(hosts.root, 'elsewhere');
  await mkdir(hidden, { recursive: true });
  const ssh = join(hosts.old.home, '.ssh');
  await rename(ssh, join(hidden, 'ssh'));
  await hosts.git(
    hosts.old.clone,
    'config',
    'core.sshCommand',
    (await hosts.git(hosts.old.clone, 'config', 'core.sshCommand')).replace(ssh, join(hidden, 'ssh')),
  );
  const { world } = hosts;
  const seen = { keys: [], agent: null };
  try {
    expect(await keysAtForge(world, world.old, hosts.old.home, signal)).toEqual([]);
    expect(await keyOfOldHost(world, seen, signal)).toBe('valid');
    const answer = await seeRunning.check?.(stepContext(world));
    expect(answer).toMatchObject({ state: 'conflict', reason: expect.stringContaining('pi pushes from') });
    await world.forge.fence.revoke(hosts.old.fingerprint, signal);
    // Nothing was taken away by us: that is not the same as revoked.
    expect(await keyOfOldHost(world, seen, signal)).toBe('cannot');
  } finally {
    await rename(join(hidden, 'ssh'), ssh);
  }
});

test('an agent that the rig was started with counts: its key is not in the home either', async () => {
  await hosts.program('git', 'echo "agent ${SSH_AUTH_SOCK-none}" >&2; [ -z "${SSH_AUTH_SOCK-}" ]');
  const found = { 'see-old-rig': { agent: '/run/agent.sock' } };
  const asked = await proveFenced.check?.(stepContext(hosts.world, found));
  expect(asked?.evidence).toMatchObject({ silent: [expect.stringContaining('agent /run/agent.sock')] });
});

test('a private key without its public half beside it is found', async () => {
  const { home, fingerprint } = hosts.old;
  const [file, aside] = [join(home, '.ssh/id_ed25519.pub'), join(hosts.root, 'aside.pub')];
  await rename(file, aside);
  await writeFile(join(home, '.ssh/config'), 'Host *\n');
  try {
    expect(await keysAtForge(hosts.world, hosts.world.old, home, signal)).toMatchObject([
      { name: 'pi', fingerprint },
    ]);
  } finally {
    await rename(aside, file);
  }
});

test('a key that the old host was given while the gate was open is taken away with the others', async () => {
  const { world, old } = hosts;
  const late = join(old.home, '.ssh/late');
  await world.old.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', late], { signal });
  await world.forge.fence.grant('pi-late', await readFile(`${late}.pub`, 'utf8'), signal);
  const { fingerprint, publicKey } = old;
  const keys = [{ name: 'pi', fingerprint, publicKey }];
  await revokeOld.apply?.(stepContext(world, { 'see-old-rig': { keys, agent: null } }));
  expect((await world.forge.fence.list(signal)).map(({ name }) => name)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^pi/)]),
  );
});

test('a key that a restored forge has again is found from another state directory too, where the old host answers', async () => {
  const { world, old } = hosts;
  const key = { name: 'pi', fingerprint: old.fingerprint, publicKey: old.publicKey };
  await rememberKeys(world, [key], { onOldHost: true, signal });
  await grantOwnership(world.gitHere, {
    ...ownershipRef(world),
    expected: undefined,
    to: world.settings.name,
    run: 'run-1',
    lease: world.settings.ownership.lease,
    signal,
  });
  const elsewhere = { ...world, workDirectory: join(hosts.root, 'another') };
  const again = [expect.stringMatching(/lets pi in again by SHA256:/)];
  expect(await findAlarms(world, signal)).toEqual(again);
  expect(await findAlarms(elsewhere, signal)).toEqual(again);
  hosts.reach('pi', 'is silent');
  expect(await findAlarms(elsewhere, signal)).toEqual([]);
  hosts.reach('pi', 'answers');
  await world.forge.fence.revoke(old.fingerprint, signal);
  expect(await findAlarms(elsewhere, signal)).toEqual([]);
  await forgetKeys(world, signal);
});
