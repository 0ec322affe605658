import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { loadRigConfig } from '@cutover/loops';
import { runbookCommand } from '@cutover/runbook';
import { loadSecretsConfig } from '@cutover/secrets';
import { parse } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { cutover } from '../../src/cutover.ts';

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGbVmdWOxr3jNGXgCNNvDLyrdXFXVgIhJ4oZxYlEoqRb';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'init-'));
  await writeFile(join(folder, 'known_hosts'), `pi.lan ${hostKey}\ngit.example.org ${hostKey}\n`);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** `cutover init` about a host that must not be looked at. @returns exit code, and what it printed. */
async function init(said: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const answers: Record<string, string> = {
    look: 'no',
    'old-host': 'pi.lan',
    'old-user': 'ada',
    workspace: '/srv/mill',
    start: '/srv/mill/start.sh',
    stop: '/srv/mill/stop.sh "all of it"',
    'ssh-key': './ssh/key',
    'known-hosts': join(folder, 'known_hosts'),
    incus: 'https://incus.example.org:8443',
    'incus-certificate': './incus/client.crt',
    'incus-key': './incus/client.key',
    image: 'nixos',
    'ownership-repository': 'mill',
    secret: '/srv/mill/.env',
    ...said,
  };
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runbookCommand(cutover, {
    argv: [
      'init',
      '--yes',
      '--config',
      join(folder, 'cutover.yaml'),
      ...Object.entries(answers).flatMap(([flag, answer]) => [`--${flag}`, answer]),
    ],
    io: { stdout, stderr },
    interactive: false,
  });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

describe('cutover init without a look at the old host', () => {
  it.each([
    ['ssh://git@git.example.org/srv/git', { type: 'ssh', root: '/srv/git', ssh: { hostKeys: [hostKey] } }],
    ['ssh://git@github.com/org', { type: 'git', root: '/org', ssh: { user: 'git', host: 'github.com' } }],
    [
      'https://git.example.org/org',
      {
        type: 'gitea',
        url: 'https://git.example.org',
        organization: 'org',
        ssh: { user: 'git', host: 'git.example.org', hostKeys: [hostKey] },
      },
    ],
  ])('writes three files that are read, with the forge %s', async (forge, expected) => {
    const { code, err, out } = await init({ forge });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await loadConfig(join(folder, 'cutover.yaml'))).toMatchObject({
      name: 'mill-host',
      old: { name: 'pi', user: 'ada', workspace: '/srv/mill', stop: ['/srv/mill/stop.sh', 'all of it'] },
      forge: expected,
    });
    expect(await loadRigConfig(join(folder, 'loops.yaml'))).toMatchObject({ rig: 'mill' });
    expect(await loadSecretsConfig(join(folder, 'secrets.yaml'))).toMatchObject({
      secrets: [{ name: 'env', source: { host: 'pi', path: '/srv/mill/.env' } }],
    });
    expect(out).toContain('no session was found; say what each loop runs');
    expect(out.includes('has no key of github.com')).toBe(forge.includes('github'));
    expect(out.includes('forge-token: the token of a bot')).toBe(forge.startsWith('https'));
  });

  it('says what is missing where nothing is known of secrets', async () => {
    const { out } = await init({ forge: 'ssh://git@git.example.org/srv/git', secret: '' });
    expect(out).toContain('secrets.yaml: secrets: no file with a secret was found');
    await expect(loadSecretsConfig(join(folder, 'secrets.yaml'))).rejects.toThrow(
      /secrets\.yaml:\d+:\d+: secrets: must name at least one secret/,
    );
  });

  const forge = 'ssh://git@git.example.org/srv/git';

  it('reaches an old host by an address of IPv6, and takes a workspace with a slash at its end', async () => {
    const { code, err } = await init({
      forge,
      'old-host': 'ada@[2001:db8::1]:2222',
      'old-name': 'pi',
      workspace: '/srv//mill/',
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await loadConfig(join(folder, 'cutover.yaml'))).toMatchObject({
      name: 'mill-host',
      old: { ssh: { user: 'ada', host: '2001:db8::1', port: 2222 }, workspace: '/srv/mill' },
    });
  });

  it('says at once what of the answers the config does not take', async () => {
    const { code, out } = await init({ forge, name: 'My Host!', swap: 'a lot', pool: '*&: "x"\n# y' });
    expect(code).toBe(0);
    expect(out).toMatch(/Left to you:\n {2}- cutover\.yaml:\d+:\d+: name: must be a host name/);
    expect(out).toMatch(/cutover\.yaml:\d+:\d+: new\.swap: a size is a number/);
    const written = await readFile(join(folder, 'cutover.yaml'), 'utf8');
    expect(parse(written)).toMatchObject({ instance: { pool: '*&: "x"\n# y' } });
  });

  it.each([
    [{ look: 'perhaps' }, '--look perhaps: it must be yes or no'],
    [{ stop: "don't" }, 'a quote in this command is not closed'],
    [{ 'old-host': 'pi:99999' }, '--old-host pi:99999: '],
  ])('refuses %j, and writes nothing', async (said, message) => {
    const { code, err } = await init({ forge, ...said });
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(await readdir(folder)).toEqual(['known_hosts']);
  });

  it('names a config file as it was asked to', async () => {
    expect(await init({ forge, config: join(folder, 'rig-2.yaml') })).toMatchObject({ code: 0, err: '' });
    expect(await loadConfig(join(folder, 'rig-2.yaml'))).toMatchObject({ name: 'mill-host' });
  });

  it('names every answer that is missing, and writes nothing', async () => {
    const { code, err } = await init({ 'old-user': '', image: '', forge: '' });
    expect(code).toBe(2);
    for (const flag of ['old-user', 'image', 'forge']) expect(err).toContain(`--${flag}: `);
    await expect(loadConfig(join(folder, 'cutover.yaml'))).rejects.toThrow(/cutover\.yaml/);
  });
});
