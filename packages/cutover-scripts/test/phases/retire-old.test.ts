import { access, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { rememberKeys } from '../../src/old-rig/revoked-keys.ts';
import { deleteOldWorkspace, seeRetirable } from '../../src/phases/retire-old.ts';
import { reachBoth } from '../../src/phases/rollback/stop-new.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
afterAll(async () => hosts[Symbol.asyncDispose]());
beforeEach(async () => {
  await hosts.reset();
  await hosts.owned('held', 'vm');
  await hosts.program(
    'loops',
    `echo '{"supervisor":{"state":"up"},"loops":[{"name":"builder","wanted":true,"state":"running"}]}'`,
  );
});

const when = '2026-11-30T10:00:00.000Z';
const look = (done: Readonly<Record<string, string>>) =>
  seeRetirable.check?.(stepContext(hosts.world, {}, { completed: (list) => done[list] }));

test('the old host is needed until the new one has come through the cutover and a reboot', async () => {
  expect(await look({ main: when, 'reboot-proof': when })).toMatchObject({ state: 'satisfied' });
  expect(await look({ main: when })).toMatchObject({
    state: 'conflict',
    reason: 'no reboot of the new host is proven: `cutover reboot-proof`',
  });
  await hosts.owned('held', 'pi');
  expect(await look({ 'reboot-proof': when })).toMatchObject({
    state: 'conflict',
    reason: expect.stringMatching(/the loops are .*pi.*; the cutover is not complete/),
  });
});

test('an old host whose key was taken away can be retired all the same, and not with work of its own', async () => {
  const signal = AbortSignal.timeout(60_000);
  const { fingerprint, publicKey, clone } = hosts.old;
  await rememberKeys(hosts.world, [{ name: 'pi', fingerprint, publicKey }], { onOldHost: true, signal });
  await hosts.world.forge.fence.revoke(fingerprint, signal);
  expect(await look({ main: when, 'reboot-proof': when })).toMatchObject({ state: 'satisfied' });
  await hosts.git(clone, 'commit', '--quiet', '--allow-empty', '--message', 'only here');
  expect(await look({ main: when, 'reboot-proof': when })).toMatchObject({
    state: 'conflict',
    reason: expect.stringContaining('work is only there'),
  });
});

test('a rig that was given back while its gate was open is not deleted', async () => {
  const done: Readonly<Record<string, string>> = { main: when, 'reboot-proof': when };
  const context = stepContext(hosts.world, {}, { completed: (list) => done[list] });
  await hosts.owned('held', 'pi');
  await expect(deleteOldWorkspace.apply?.(context)).rejects.toThrow(/needed again: the loops are .*pi/);
  await access(hosts.old.clone);
});

test('what is only on the old host keeps it', async () => {
  await writeFile(join(hosts.old.clone, 'unfinished'), 'half');
  expect(await look({ main: when, 'reboot-proof': when })).toMatchObject({
    state: 'conflict',
    reason: expect.stringContaining('work is only there'),
  });
});

test('a clone that git cannot read may hold work, and so may one that is not where it was', async () => {
  const { clone } = hosts.old;
  await writeFile(join(clone, 'unfinished'), 'half');
  await rm(join(clone, '.git/HEAD'));
  const conflict = { state: 'conflict', reason: expect.stringContaining(`work is only there: ${clone}`) };
  expect(await look({ main: when, 'reboot-proof': when })).toMatchObject(conflict);
  await rename(clone, `${clone}-elsewhere`);
  expect(await look({ main: when, 'reboot-proof': when })).toMatchObject(conflict);
});

test('the workspace is deleted, and a way back says that it is gone', async () => {
  const workspace = join(hosts.root, 'retired/rig');
  await mkdir(join(workspace, 'notes'), { recursive: true });
  const world = {
    ...hosts.world,
    settings: { ...hosts.world.settings, old: { ...hosts.world.settings.old, workspace, clones: [] } },
  };
  const done: Readonly<Record<string, string>> = { main: when, 'reboot-proof': when };
  const found = { 'see-retirable': { owner: 'vm', rebootProof: when } };
  const context = stepContext(world, found, { completed: (list) => done[list] });
  expect(await deleteOldWorkspace.check?.(context)).toMatchObject({ state: 'absent' });
  // A runner that is killed leaves a part of it, and a later one takes that for no work.
  await hosts.program('rm', 'exit 1');
  await expect(deleteOldWorkspace.apply?.(context)).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
  expect(await deleteOldWorkspace.check?.(context)).toMatchObject({ state: 'absent' });
  await rm(join(hosts.root, 'bin/rm'));
  await deleteOldWorkspace.apply?.(context);
  await expect(access(workspace)).rejects.toThrow('ENOENT');
  expect(await deleteOldWorkspace.check?.(context)).toMatchObject({ state: 'satisfied' });
  expect(await readdir(join(hosts.root, 'retired'))).toEqual([]);
  expect(await reachBoth.check?.(context)).toMatchObject({
    state: 'conflict',
    reason: expect.stringContaining('there is nothing to go back to'),
  });
});

test('a workspace that is a symbolic link is left to a person: its rig lies elsewhere', async () => {
  const [workspace, disk] = [join(hosts.root, 'linked/rig'), join(hosts.root, 'disk/rig')];
  await mkdir(disk, { recursive: true });
  await mkdir(join(hosts.root, 'linked'));
  await symlink(disk, workspace);
  const world = {
    ...hosts.world,
    settings: { ...hosts.world.settings, old: { ...hosts.world.settings.old, workspace, clones: [] } },
  };
  const context = stepContext(world, { 'see-retirable': { owner: 'vm', rebootProof: when } });
  const conflict = {
    state: 'conflict',
    reason: expect.stringContaining('is a symbolic link; delete by hand'),
  };
  expect(await deleteOldWorkspace.check?.(context)).toMatchObject(conflict);
  await rm(disk, { recursive: true });
  expect(await deleteOldWorkspace.check?.(context)).toMatchObject(conflict);
});

test('a folder that holds more than a rig is not deleted', async () => {
  const world = {
    ...hosts.world,
    settings: { ...hosts.world.settings, old: { ...hosts.world.settings.old, workspace: '/no-such-folder' } },
  };
  await expect(deleteOldWorkspace.apply?.(stepContext(world))).rejects.toThrow('holds more than the rig');
});
