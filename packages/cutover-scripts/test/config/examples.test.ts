import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agreementChecks } from '../../src/preflight/agreement.ts';
import { certificateChecks } from '../../src/preflight/certificates.ts';
import { toolChecks } from '../../src/preflight/tools.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openWorld } from '../../src/world/open-world.ts';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '../../../../examples');
/** What `doctor` can look at without any other machine. */
const offline = ['loops.yaml agrees', 'secrets.yaml agrees', 'tools here', 'incus certificate'];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-examples-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Writes the keys and certificates that the config names and no repository has. */
async function writeNamedFiles(config: string): Promise<void> {
  const { incus, ssh, old, forge, tailnet } = await loadConfig(config);
  const endpoints = [old.ssh, ...('ssh' in forge && forge.ssh !== undefined ? [forge.ssh] : [])];
  for (const file of [incus.certificate, ssh.privateKey]) await mkdir(dirname(file), { recursive: true });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=x'];
  await run('openssl', [
    'req',
    '-x509',
    ...curve,
    '-days',
    '30',
    '-keyout',
    incus.key,
    '-out',
    incus.certificate,
  ]);
  await cp(incus.certificate, incus.serverCertificate);
  const keyOf = (one: object): string[] =>
    'privateKey' in one && typeof one.privateKey === 'string' ? [one.privateKey] : [];
  const keys = new Set([ssh.privateKey, ...endpoints.flatMap(keyOf)]);
  for (const key of keys) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const known = endpoints.flatMap(({ knownHosts }) => (knownHosts === undefined ? [] : [knownHosts]));
  const publicKey = (await readFile(`${ssh.privateKey}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
  for (const file of known)
    await writeFile(file, endpoints.map(({ host }) => `${host} ${publicKey}\n`).join(''));
  if ('token' in forge && typeof forge.token === 'string')
    await writeFile(forge.token, 'a-token\n', { mode: 0o600 });
  if (typeof tailnet?.authKey === 'string')
    await writeFile(tailnet.authKey, 'tskey-auth-x\n', { mode: 0o600 });
}

describe.each(['cutover', 'cc-ci', 'mill'])('examples/%s', (name) => {
  test('is whole: its files agree, and doctor finds nothing wrong that it can see offline', async () => {
    await cp(join(examples, name), folder, { recursive: true });
    const config = join(folder, 'cutover.yaml');
    await writeNamedFiles(config);
    await using world = await openWorld(config, join(folder, 'work'));
    const checks = [...agreementChecks(world), ...certificateChecks(world), ...toolChecks(world)];
    const found = checks.filter((check) => offline.includes(check.name));
    expect(found.map((check) => check.name).toSorted()).toEqual(offline.toSorted());
    const signal = AbortSignal.timeout(30_000);
    for (const check of found) expect(await check.look(signal)).toMatchObject({ ok: true });
  });
});

test('examples/cc-ci has the prompt of each loop, and what Claude Code is known by needs no words of its own', async () => {
  const source = join(examples, 'cc-ci');
  await cp(source, folder, { recursive: true });
  const config = join(folder, 'cutover.yaml');
  await writeNamedFiles(config);
  await using world = await openWorld(config, join(folder, 'work'));
  const { loops } = world.rig;
  expect(loops.map((loop) => loop.name)).toEqual(['builder', 'adversary', 'orchestrator']);
  for (const loop of loops) {
    expect(loop.agent).toBe('claude-code');
    expect(loop.ready).toBeUndefined();
    expect(loop.command).toEqual(
      expect.arrayContaining(['--remote-control', '--dangerously-skip-permissions']),
    );
    await access(join(source, 'prompts', basename(loop.prompt?.file ?? 'none')));
  }
});
