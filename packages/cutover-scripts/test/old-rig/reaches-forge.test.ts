import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asUser, localHost } from '@cutover/host';
import { expect, onTestFinished, test } from 'vitest';
import { askForgeFromOld } from '../../src/old-rig/reaches-forge.ts';
import type { World } from '../../src/world/world.ts';

/** An old host with one clone, whose ssh does what a script says; `said` counts how often it was asked. */
async function oldHostWhoseSsh(script: string) {
  const root = await mkdtemp(join(tmpdir(), 'reaches-forge-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const host = localHost();
  const clone = join(root, 'work');
  await mkdir(clone);
  await writeFile(join(root, 'ssh'), `#!/bin/sh\ncd ${root}\n${script}\n`, { mode: 0o755 });
  for (const argv of [
    ['init', '--quiet'],
    ['config', 'core.sshCommand', join(root, 'ssh')],
    ['remote', 'add', 'origin', 'ssh://git@forge.example/srv/git/work.git'],
    ['-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '--quiet', '--allow-empty', '--message', 'one'],
  ])
    await host.run(['git', '-C', clone, ...argv]);
  return {
    settings: { old: { workspace: root, clones: ['work'] } },
    oldRig: host,
  } as unknown as World;
}

// Both as OpenSSH 9.8 and later were seen to say them.
const dropped = 'echo "Connection closed by 10.0.0.2 port 22" >&2; exit 255';
const refused = 'echo "git@forge.example: Permission denied (publickey)." >&2; exit 255';

test('a server that drops the host for a while, because it has just refused it, is asked again', async () => {
  const world = await oldHostWhoseSsh(`[ -e asked ] && { ${refused}; }; touch asked; ${dropped}`);
  const answers = await askForgeFromOld(world, null, AbortSignal.timeout(20_000));
  expect(answers).toMatchObject([{ answer: 'refused' }]);
});

test('a network that is down is no answer, at once', async () => {
  const world = await oldHostWhoseSsh(
    'echo x >>asked; echo "ssh: connect to host forge.example port 22: No route to host" >&2; exit 255',
  );
  expect(await askForgeFromOld(world, null, AbortSignal.timeout(20_000))).toMatchObject([
    { answer: 'no answer', said: expect.stringContaining('No route to host') },
  ]);
});

test.each([
  ['forge: this key was revoked', 'refused'],
  // What OpenSSH says of the forge's own key fences nobody.
  ['The ED25519 host key for forge.example is marked as revoked.', 'no answer'],
  ['Host key verification failed.', 'no answer'],
  // GitHub and GitLab.
  ['ERROR: Permission to rig/work.git denied to pi.', 'refused'],
  ['remote: This deploy key does not have write access to this project.', 'refused'],
  // Neither the network nor a proxy nor this host's own files say anything of a key.
  ['ssh: connect to host forge.example port 22: Permission denied', 'no answer'],
  ['Load key /home/x/.ssh/id_ed25519: Permission denied', 'no answer'],
  ['nc: connection failed, SOCKSv5 error: Connection not allowed by ruleset', 'no answer'],
  ['nc: Proxy error: HTTP/1.1 403 Forbidden', 'no answer'],
])('%s: %s', async (said, answer) => {
  const world = await oldHostWhoseSsh(`echo "${said}" >&2; exit 255`);
  expect(await askForgeFromOld(world, null, AbortSignal.timeout(20_000))).toMatchObject([{ answer }]);
});

test('a clone that its user cannot read says nothing of a key', async () => {
  const world = await oldHostWhoseSsh(refused);
  const config = `${world.settings.old.workspace}/work/.git/config`;
  const nobody = asUser(localHost(), 'nobody');
  await localHost().run(['chown', '--recursive', 'nobody', world.settings.old.workspace]);
  const ask = () => askForgeFromOld({ ...world, oldRig: nobody }, null, AbortSignal.timeout(20_000));
  expect(await ask()).toMatchObject([{ answer: 'refused' }]);
  await localHost().run(['chown', 'root', config]);
  await chmod(config, 0o600);
  expect(await ask()).toMatchObject([{ answer: 'no answer', said: expect.stringContaining('.git/config') }]);
});
