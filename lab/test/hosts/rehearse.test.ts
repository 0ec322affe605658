import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Lab, type LabHosts, openLab, startHosts } from '../../src/index.ts';
import { newHostName, writeRehearsalFiles } from '../../src/rehearse/settings.ts';

const run = promisify(execFile);
const command = fileURLToPath(import.meta.resolve('@cutover/cutover-scripts/cli'));
let lab: Lab;
let hosts: LabHosts;
let folder: string;

beforeAll(async () => {
  lab = await openLab();
  hosts = await startHosts(lab);
  folder = await mkdtemp(join(tmpdir(), 'cutover of ours '));
});
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Endpoint {
  host: string;
  privateKey: string;
  hostKeys?: string[];
  knownHosts?: string;
}

/** The config as the README and the example have it: relative paths, and hosts known by a file. */
async function writeAsInTheExample(): Promise<void> {
  const { config } = await writeRehearsalFiles(folder, lab, hosts);
  const written: {
    ssh: { privateKey: string };
    old: { ssh: Endpoint };
    forge: { ssh: Endpoint };
  } = parse(await readFile(config, 'utf8'));
  await mkdir(join(folder, 'ssh'));
  await copyFile(written.ssh.privateKey, join(folder, 'ssh/vm_ssh_key'));
  const known: string[] = [];
  for (const { ssh } of [written.old, written.forge]) {
    for (const key of ssh.hostKeys ?? []) known.push(`${ssh.host} ${key}\n`);
    delete ssh.hostKeys;
    Object.assign(ssh, { knownHosts: './ssh/known_hosts', privateKey: './ssh/vm_ssh_key' });
  }
  written.ssh.privateKey = './ssh/vm_ssh_key';
  await writeFile(join(folder, 'ssh/known_hosts'), known.join(''));
  await writeFile(config, stringify(written));
}

/** What a rehearsal could leave: instances, refs and keys at the forge; and the processes of the old rig. */
async function traces(): Promise<object> {
  const instances = await lab.client.project(lab.project).instances.list();
  const refs = await hosts.forge.host.run([
    'sh',
    '-c',
    'for r in /srv/git/*.git; do git -c safe.directory=* -C "$r" for-each-ref --format="$r %(refname)"; done | grep rehearsal || true; grep -rl rehearsal /srv/git/.ssh /home/git/.ssh 2>/dev/null || true',
  ]);
  return {
    instances: instances.map(({ name }) => name).filter((name) => name.includes('rehearsal')),
    refs: refs.stdout,
  };
}

describe('cutover rehearse', () => {
  it('tries the example’s flow out with defaults, from a fresh folder, and takes everything away', async () => {
    await writeAsInTheExample();
    const rigBefore = await hosts.pi.host.run(['pgrep', '-fc', 'agent.mjs --role']);
    const { stdout } = await run(process.execPath, [command, 'rehearse', '--yes', '--json'], {
      cwd: folder,
      maxBuffer: 2 ** 26,
    }).catch((error: unknown) => {
      const { stdout: out = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      const telling = out.split('\n').filter((line) => /"type":"(?:failed|stopped|run.ended)"/.test(line));
      throw new Error(`${stderr}\n${telling.join('\n').slice(-4000)}`, { cause: error });
    });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ rehearsal: { result: 'ok' } });
    expect(await traces()).toEqual({ instances: [], refs: '' });
    const rigAfter = await hosts.pi.host.run(['pgrep', '-fc', 'agent.mjs --role']);
    expect(rigAfter.stdout).toBe(rigBefore.stdout);
    const kept: unknown = JSON.parse(await readFile(join(folder, '.cutover/rehearsal.json'), 'utf8'));
    expect(kept).toMatchObject({ result: 'ok', steps: { deploy: expect.any(Number) } });
    expect(newHostName).not.toContain('rehearsal');
  }, 560_000);
});
