import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createHost, HostConnectionError, localHost, spawnOn } from '@cutover/host';
import { expect, it, onTestFinished } from 'vitest';

import { rebootProof } from '../../src/history/reboot-proof.ts';
import { targetOf } from '../../src/target/target.ts';

async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'reboot-proof-')));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  return folder;
}

it('reboots nothing where nothing says what has to boot', async () => {
  await using host = localHost();
  const folder = await makeFolder();
  let rebooted = false;
  const proof = rebootProof(targetOf(host), {
    profile: join(folder, 'typo'),
    paths: { state: folder },
    reboot: () => {
      rebooted = true;
      return Promise.resolve();
    },
  });
  await expect(proof).rejects.toMatchObject({ code: 'NO_SUCH_GENERATION' });
  expect(rebooted).toBe(false);
});

it('looks again where commands are ended by the machine that goes down', async () => {
  await using local = localHost();
  const folder = await makeFolder();
  const system = join(folder, 'system');
  await mkdir(system);
  for (const name of ['current', 'booted', 'profile']) await symlink(system, join(folder, name));
  let down = 0;
  const host = createHost({
    name: 'web',
    spawn: async (command) => {
      const asksForBoot = command.argv[0] === 'cat';
      if (asksForBoot && down > 0) {
        down -= 1;
        return await spawnOn(local, { ...command, argv: ['sh', '-c', 'kill -TERM $$'] });
      }
      return await spawnOn(local, command);
    },
  });
  const seen: string[] = [];
  const proof = await rebootProof(targetOf(host), {
    system,
    // It is back with another boot as soon as it answers.
    bootBefore: 'another boot',
    paths: { state: folder, current: join(folder, 'current'), booted: join(folder, 'booted') },
    timeout: 20_000,
    onEvent: ({ type }) => {
      seen.push(type);
    },
  }).catch((error: unknown) => error);
  expect(proof).toMatchObject({ before: 'another boot', system });
  expect(seen).toEqual(['back']);

  const again = await rebootProof(targetOf(host), {
    system,
    paths: { state: folder, current: join(folder, 'current'), booted: join(folder, 'booted') },
    timeout: 3000,
    reboot: () => {
      down = 2;
      return Promise.reject(new HostConnectionError('CONNECTION_LOST', 'web', 'it goes down'));
    },
  }).catch((error: unknown) => error);
  expect(again).toMatchObject({ code: 'REBOOT_NOT_PROVEN' });
});
