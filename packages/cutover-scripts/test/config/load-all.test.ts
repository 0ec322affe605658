import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localHost } from '@cutover/host';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfigs } from '../../src/config/load-all.ts';

const run = promisify(execFile);
const example = join(import.meta.dirname, '../../../../examples/cutover');
const forgeKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGbVmdWOxr3jNGXgCNNvDLyrdXFXVgIhJ4oZxYlEoqRb';
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-configs-'));
  await cp(example, folder, { recursive: true });
  file = join(folder, 'cutover.yaml');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function mistakes(): Promise<string[]> {
  await using here = localHost();
  const error: unknown = await loadConfigs(file, here).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  return String(error).replace('ConfigError: ', '').replaceAll(`${folder}/`, '').split('\n');
}

/** Writes the files that the example names. */
async function writeNamedFiles(passphrase: string): Promise<void> {
  await mkdir(join(folder, 'incus'));
  await mkdir(join(folder, 'ssh'));
  for (const name of ['incus/client.crt', 'incus/client.key', 'incus/server.crt', 'ssh/known_hosts']) {
    await writeFile(join(folder, name), '');
  }
  for (const name of ['vm_ssh_key', 'forge_admin']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', join(folder, 'ssh', name)]);
  }
  await writeFile(join(folder, 'ssh/known_hosts'), `git.example.org,192.0.2.7 ${forgeKey} of the forge\n`);
}

it('lists every file that is named and missing, with the place where it is named', async () => {
  expect(await mistakes()).toEqual([
    'cutover.yaml:7:3: incus.certificate: the file incus/client.crt is missing',
    'cutover.yaml:8:3: incus.key: the file incus/client.key is missing',
    'cutover.yaml:9:3: incus.serverCertificate: the file incus/server.crt is missing',
    'cutover.yaml:18:3: ssh.privateKey: the file ssh/vm_ssh_key is missing',
    'cutover.yaml:24:5: old.ssh.privateKey: the file ssh/vm_ssh_key is missing',
    'cutover.yaml:25:5: old.ssh.knownHosts: the file ssh/known_hosts is missing',
    'cutover.yaml:48:5: forge.ssh.privateKey: the file ssh/forge_admin is missing',
    'cutover.yaml:49:5: forge.ssh.knownHosts: the file ssh/known_hosts is missing',
  ]);
});

it('lists the mistakes of all files at once', async () => {
  await writeNamedFiles('');
  const loops = join(folder, 'loops.yaml');
  await writeFile(loops, (await readFile(loops, 'utf8')).replace('stagger: 2s', 'stagger: soon'));
  await rm(join(folder, 'secrets.yaml'));
  const found = await mistakes();
  expect(found).toEqual([
    expect.stringMatching(/^loops\.yaml:\d+:\d+: .*stagger/),
    expect.stringMatching(/^secrets\.yaml: .*there is no such file/),
  ]);
});

it('says that a key with a passphrase cannot be used', async () => {
  await writeNamedFiles('correct horse');
  expect(await mistakes()).toEqual([
    expect.stringMatching(/^cutover\.yaml:18:3: ssh\.privateKey: .*not a private key without a passphrase/),
  ]);
});

it('reads all of them, durations in milliseconds and sizes in bytes', async () => {
  await writeNamedFiles('');
  await using here = localHost();
  const { settings, rig, rootKey } = await loadConfigs(file, here);
  expect(rig.rig).toBe('cc-ci');
  expect(rootKey).toMatch(/^ssh-ed25519 /);
  expect(settings.old.quiesceTimeout).toBe(120_000);
  expect(settings.new.swap).toBe(2 * 2 ** 30);
});

it('takes the keys of the forge from its known hosts, hashed ones too, for the new host has no other', async () => {
  await writeNamedFiles('');
  const known = join(folder, 'ssh/known_hosts');
  await run('ssh-keygen', ['-q', '-H', '-f', known]);
  await using here = localHost();
  const { settings } = await loadConfigs(file, here);
  expect(settings.forge.ssh?.hostKeys).toEqual([forgeKey]);
  await writeFile(known, `@revoked git.example.org ${forgeKey}\nelsewhere ${forgeKey}\n`);
  expect(await mistakes()).toEqual([
    expect.stringMatching(/^cutover\.yaml:49:5: forge\.ssh\.knownHosts: .*has no key of git\.example\.org/),
  ]);
});
