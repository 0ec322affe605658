import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The example's config, with another forge. */
async function load(forge: string, repository = 'configuration') {
  const example = await readFile(
    new URL('../../../../examples/cutover/cutover.yaml', import.meta.url),
    'utf8',
  );
  const file = join(folder, 'cutover.yaml');
  const other = example.replace(/^forge:\n(?: .*\n|\n)+/m, `forge:\n${forge}\n`);
  await writeFile(file, other.replace(/^repository: .*/m, `repository: ${repository}`));
  return (await loadConfig(file)).forge;
}
const key = 'ssh-ed25519 AAAA';

test('without a type it is git over ssh with commands', async () => {
  const ssh = `{ host: git.example.org, privateKey: k, hostKeys: [${key}] }`;
  expect(await load(`  ssh: ${ssh}\n  root: /srv/git`)).toMatchObject({
    type: 'ssh',
    listKeys: ['keys'],
    ssh: { privateKey: join(folder, 'k') },
  });
});

test('a Gitea has an address, an organization, a token, and a place where the hosts reach git', async () => {
  const common = `  type: gitea\n  url: https://git.example.org\n  organization: rig\n  ssh: { host: git.example.org, hostKeys: [${key}] }\n`;
  expect(await load(`${common}  token: ./t`)).toMatchObject({
    token: join(folder, 't'),
    ssh: { user: 'git', port: 22 },
  });
  expect(await load(`${common}  token: { command: [./print, it] }\n  certificate: ca.pem`)).toMatchObject({
    token: { command: [join(folder, 'print'), 'it'] },
    certificate: join(folder, 'ca.pem'),
  });
  await expect(load(`${common.replace('https:', 'http:')}  token: ./t`)).rejects.toThrow(/forge\.url/);
  await expect(load(common)).rejects.toThrow(/forge\.token: is missing/);
  await expect(load(`${common.replace(/, hostKeys: \[.*?\]/, '')}  token: t`)).rejects.toThrow(
    /forge\.ssh: needs hostKeys or knownHosts/,
  );
});

test('a token in a URL is refused, and not shown', async () => {
  for (const url of ['https://hunter2@github.com/rig', 'https://x:hunter2@github.com/rig']) {
    const refused = load(`  type: git\n  https: { url: ${url} }`);
    await expect(refused).rejects.toThrow(/forge\.https\.url: must have no password or token in it/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  }
  const ssh = `  ssh: { host: git.example.org, privateKey: k, hostKeys: [${key}] }\n  root: /srv/git`;
  for (const repository of ['https://hunter2@github.com/rig/work', 'ssh://git:hunter2@github.com/rig/work']) {
    const refused = load(ssh, repository);
    await expect(refused).rejects.toThrow(/: repository: must have no password or token in it/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  }
  await load(ssh, 'ssh://git@github.com:22/rig/work');
});

test('git and nothing else goes over ssh or over https, and over one of them only', async () => {
  const ssh = `  ssh: { host: github.com, user: git, privateKey: k, hostKeys: [${key}] }\n  root: /rig`;
  const https = '  https: { url: https://github.com/rig, token: t }';
  expect(await load(`  type: git\n${ssh}`)).toMatchObject({ type: 'git', root: '/rig' });
  expect(await load(`  type: git\n${https}`)).toMatchObject({
    https: { token: join(folder, 't'), user: 'git' },
  });
  await expect(load(`  type: git\n${ssh}\n${https}`)).rejects.toThrow(
    /needs ssh or https, and one of them only/,
  );
  await expect(load('  type: git')).rejects.toThrow(/needs ssh or https/);
  await expect(load(`  type: svn\n${ssh}`)).rejects.toThrow(/forge\.type: must be ssh, gitea or git/);
});
