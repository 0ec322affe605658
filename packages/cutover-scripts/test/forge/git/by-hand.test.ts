import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectIncus } from '@cutover/incus-client';
import type { Step } from '@cutover/runbook';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { withPerson } from '../../../src/forge/git/by-hand.ts';
import { openGitForge } from '../../../src/forge/git/git-forge.ts';
import { shutToNewHost } from '../../../src/new-host/forge-key.ts';
import { keyOfOldHost, keysAtForge } from '../../../src/old-rig/host-keys.ts';
import { newAsLastOwner } from '../../../src/ownership/last-owner.ts';
import { findAlarms } from '../../../src/ownership/alarms.ts';
import { configureSteps } from '../../../src/phases/b-configure.ts';
import { stageSteps } from '../../../src/phases/c-stage.ts';
import { cutOverSteps } from '../../../src/phases/d-cut-over.ts';
import { rollbackSteps } from '../../../src/phases/rollback.ts';
import { withEnvironment } from '../../../src/world/with-environment.ts';
import type { World } from '../../../src/world/world.ts';
import { stepContext } from '../../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../../fixture/two-hosts.ts';

const signal = AbortSignal.timeout(600_000);
let hosts: TwoHosts;
/** The same hosts before the same forge, which cutover asks for nothing: the fence is the test's own, as a person. */
let world: World;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
beforeEach(async () => {
  await hosts.reset();
  // The new host has a configuration of ssh that names its key; these hosts share that of the user who runs the test.
  const verified = `-F none -o UserKnownHostsFile='${hosts.root}/known_hosts' -o IdentitiesOnly=yes`;
  await hosts.program(
    'ssh',
    `case " $* " in *' -i '*) ;; *) set -- -i '${hosts.new.home}/.ssh/forge-ed25519' "$@" ;; esac; echo "$*" >>'${hosts.root}/asked'; exec /usr/bin/ssh ${verified} "$@"`,
  );
  const { forge, settings } = hosts.world;
  const { host, port, user, privateKeyFile: privateKey, hostKeys } = hosts.forge.options;
  const repository = forge.url('work');
  const rig = {
    repository,
    repositories: [{ repository, path: 'work', branch: 'main' }],
    ownership: { ...settings.ownership, repository },
    handoff: { repository, proof: 'verdict' as const, timeout: 1000 },
  };
  const git = {
    type: 'git' as const,
    ssh: { host, port, user, privateKey, hostKeys: [...hostKeys] },
    root: hosts.root,
  };
  const byHand = await openGitForge(
    git,
    { ...rig, forge: git },
    { here: hosts.world.here, stateDirectory: hosts.root },
  );
  world = { ...hosts.world, forge: byHand, settings: { ...settings, ...rig, forge: git } };
});
afterAll(() => hosts[Symbol.asyncDispose]());

const person = () => hosts.world.forge.fence;
const step = (id: string): Step<World> => {
  const all = [...configureSteps, ...stageSteps, ...cutOverSteps, ...rollbackSteps];
  const found = withPerson(all, world).find((one) => one.id === id);
  if (found === undefined) throw new Error(id);
  return found;
};
const pi = () => ({ name: 'pi', fingerprint: hosts.old.fingerprint, publicKey: hosts.old.publicKey });
const seenBefore = () => ({ 'see-old-rig': { keys: [pi()], agent: null } });
const context = () => stepContext(world, seenBefore());

test('where there is an API, no step is a person’s', () => {
  expect(withPerson(cutOverSteps, hosts.world)).toBe(cutOverSteps);
});

test('the forge itself gives no keys, takes none and lists none, and says so', async () => {
  for (const call of [
    () => world.forge.fence.list(signal),
    () => world.forge.fence.revoke('SHA256:x', signal),
    () => world.forge.createRepository('new', signal),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'FORGE_BY_HAND' });
});

test('the key of the old host is taken away by a person, and each clone has to be refused', async () => {
  const revoke = step('revoke-old');
  expect(revoke.gate).toMatchObject({ kind: 'human' });
  expect(revoke.gate?.kind === 'human' && revoke.gate.instructions(world)).toMatch(
    /Take the key of pi away at 127\.0\.0\.1, in ssh:.*work\.git/,
  );
  expect(await revoke.check?.(context())).toMatchObject({ state: 'absent' });
  // It remembers the key, and takes nothing away.
  await revoke.apply?.(context());
  expect(await revoke.check?.(context())).toMatchObject({ state: 'absent' });
  expect(await keyOfOldHost(world, { keys: [pi()], agent: null }, signal)).toBe('valid');
  await person().revoke(hosts.old.fingerprint, signal);
  expect(await revoke.check?.(context())).toMatchObject({ state: 'satisfied' });
  expect(await keyOfOldHost(world, { keys: [pi()], agent: null }, signal)).toBe('revoked');
  // The way back is a person's too: it is not undone until the old host is let in.
  await expect(revoke.undo?.(context())).rejects.toThrow(
    `let pi push again at 127.0.0.1, by hand, then repeat the rollback\n  ${hosts.old.publicKey.split(' ')[0]}`,
  );
  await person().grant('pi', hosts.old.publicKey, signal);
  await revoke.undo?.(context());
});

test('a forge that refuses this machine too says nothing of the key of the old host', async () => {
  await person().revoke(hosts.old.fingerprint, signal);
  const nothing = withEnvironment(world.here, { ...world.forge.gitEnvironment, GIT_SSH_COMMAND: 'false' });
  const answer = await step('revoke-old').check?.(stepContext({ ...world, gitHere: nothing }, seenBefore()));
  expect(answer).toMatchObject({
    state: 'unknown',
    reason: expect.stringContaining('to this machine either'),
  });
});

test('an old rig that pushes by an agent is asked with that agent', async () => {
  const { clone } = hosts.old;
  const key = await hosts.git(clone, 'config', 'core.sshCommand');
  // git knows by its name what it can be told.
  const ssh = join(await mkdtemp(join(hosts.root, 'by-agent-')), 'ssh');
  const refuse = `echo 'git@forge: Permission denied (publickey).' >&2; exit 255`;
  await writeFile(
    ssh,
    `#!/bin/sh\n[ "$SSH_AUTH_SOCK" = /the/agent ] || { ${refuse}; }\nexec ${key.trim()} "$@"\n`,
    {
      mode: 0o755,
    },
  );
  await hosts.git(clone, 'config', 'core.sshCommand', ssh);
  try {
    const found = { 'see-old-rig': { keys: [pi()], agent: '/the/agent' } };
    expect(await step('revoke-old').check?.(stepContext(world, found))).toMatchObject({ state: 'absent' });
  } finally {
    await hosts.git(clone, 'config', 'core.sshCommand', key.trim());
  }
});

test('a network that is down says nothing: the gate stays open, and nothing is taken for refused', async () => {
  await hosts.forge.stop();
  try {
    expect(await step('revoke-old').check?.(context())).toMatchObject({ state: 'unknown' });
    expect(await shutToNewHost(world, signal)).toMatchObject([{ answer: 'no answer' }]);
    expect(await keyOfOldHost(world, { keys: [], agent: null }, signal)).toBe('valid');
  } finally {
    await hosts.forge.start();
  }
});

test('the new host is let in by a person, who is shown its key, and it has to be able to push', async () => {
  const authorize = step('authorize-target');
  await person().revoke(hosts.new.fingerprint, signal);
  expect(await authorize.check?.(context())).toMatchObject({ state: 'absent' });
  await authorize.apply?.(context());
  expect(authorize.gate?.kind === 'human' && authorize.gate.instructions(world)).toContain(
    hosts.new.publicKey.split(' ')[1],
  );
  await person().grant('vm', hosts.new.publicKey, signal);
  expect(await authorize.check?.(context())).toMatchObject({ state: 'satisfied' });
});

test('a server that takes the key of no login is asked once, however many repositories it has', async () => {
  await person().revoke(hosts.new.fingerprint, signal);
  const { keyedRepositories = [] } = world.forge;
  const several = [...keyedRepositories, hosts.world.forge.url('second'), hosts.world.forge.url('third')];
  const before = (await readFile(join(hosts.root, 'asked'), 'utf8').catch(() => '')).length;
  const shut = await shutToNewHost(
    { ...world, forge: { ...world.forge, url: (name) => name, keyedRepositories: several } },
    signal,
  );
  expect(shut.map(({ url, answer }) => [url, answer])).toEqual(several.map((url) => [url, 'refused']));
  const asked = (await readFile(join(hosts.root, 'asked'), 'utf8')).slice(before);
  expect(asked.match(/receive-pack/g)).toHaveLength(1);
});

test('the way back is done when the old host can push and the new one cannot', async () => {
  const swap = step('back-swap-keys');
  expect(await swap.check?.(context())).toMatchObject({ state: 'absent', evidence: { openToNewHost: 1 } });
  await person().revoke(hosts.new.fingerprint, signal);
  expect(await swap.check?.(context())).toMatchObject({ state: 'satisfied' });
  await person().revoke(hosts.old.fingerprint, signal);
  expect(await swap.check?.(context())).toMatchObject({ state: 'absent' });
});

test('of a new host that was given up it is said that no one saw its key taken away', async () => {
  const incus = connectIncus({ url: 'https://127.0.0.1:1', serverFingerprint: 'f'.repeat(64), signal });
  incus.catch(() => undefined);
  const without = { ...world, incus: () => incus };
  hosts.reach('vm', 'is silent');
  try {
    expect(await step('back-swap-keys').check?.(stepContext(without))).toMatchObject({
      state: 'satisfied',
      evidence: { unfenced: expect.stringContaining('vm does not answer') },
    });
    expect(await newAsLastOwner(without, signal)).toMatchObject({ key: 'cannot', instance: 'not asked' });
  } finally {
    hosts.reach('vm', 'answers');
  }
});

test('the keys of the old host are found by what they open', async () => {
  expect(await keysAtForge(world, world.old, hosts.old.home, signal)).toMatchObject([
    { name: 'pi', fingerprint: hosts.old.fingerprint },
  ]);
  await person().revoke(hosts.old.fingerprint, signal);
  expect(await keysAtForge(world, world.old, hosts.old.home, signal)).toEqual([]);
});

test('an old host that the forge lets in again is an alarm, as far as it answers', async () => {
  const ownership = { ...world.settings.ownership, repository: `file://${hosts.root}/forge/owner.git` };
  const moved = { ...world, settings: { ...world.settings, ownership } };
  await hosts.owned('held', 'vm');
  expect(await findAlarms(moved, signal)).toEqual([
    expect.stringMatching(/lets pi push from .*pi\/rig\/work again: take its key away at the forge/),
  ]);
  await person().revoke(hosts.old.fingerprint, signal);
  expect(await findAlarms(moved, signal)).toEqual([]);
  hosts.reach('pi', 'is silent');
  expect(await findAlarms(moved, signal)).toEqual([]);
  hosts.reach('pi', 'answers');
});
