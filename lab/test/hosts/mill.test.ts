import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asUser } from '@cutover/host';
import { incusHost } from '@cutover/incus-client';
import type { EngineEvent } from '@cutover/runbook';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { sizedPool } from '../../src/daemon/settings.ts';
import { type Lab, type LabHosts, openLab, startHosts } from '../../src/index.ts';
import { answerGates } from '../../src/rehearse/gates.ts';
import { runCutover } from '../../src/rehearse/runner.ts';

const example = join(import.meta.dirname, '../../../examples/mill');
const scripts = join(import.meta.dirname, '../../hosts/mill');
let lab: Lab;
let hosts: LabHosts;
let folder: string;

/** The git server's own names for what it does with repositories and keys. */
const forgeCommands = {
  'repo-new': 'init',
  'key-add': 'authorize',
  'key-list': 'keys',
  'key-drop': 'revoke',
};

/** Makes the rig of the example on the old host, with a git server that has its key commands. */
async function prepareMill(): Promise<void> {
  const { pi, forge } = hosts;
  for (const [name, does] of Object.entries(forgeCommands)) {
    const text = `#!/bin/sh\nexec forge admin ${does} "$@"\n`;
    await forge.host.writeFile(`/usr/local/bin/${name}`, text, { mode: 0o755 });
  }
  const script = async (host: typeof pi.host, file: string, ...words: string[]): Promise<string> => {
    const input = await readFile(join(scripts, file));
    return (await host.run(['bash', '-s', '--', ...words], { input, timeout: 60_000 })).stdout.trim();
  };
  const key = await script(pi.host, 'prepare.sh', forge.hostKey);
  const git = asUser(forge.host, 'git');
  for (const name of ['mill-tools', 'flour', 'bread', 'rounds']) await git.run(['repo-new', name]);
  await git.run(['key-add', 'shed'], { input: `${key}\n` });
  await pi.host.writeFile('/tmp/mill', await readFile(join(example, 'tools/mill')), { mode: 0o644 });
  await script(asUser(pi.host, 'ada'), 'clone.sh');
  await pi.host.run(['systemctl', 'start', 'mill.service']);
}

/** The files of the example, with the lab's addresses and keys in place of those that no one has. */
async function writeConfig(): Promise<void> {
  await cp(example, folder, { recursive: true });
  const { pi, forge } = hosts;
  const config = join(folder, 'cutover.yaml');
  const written: Record<string, Record<string, unknown>> = parse(await readFile(config, 'utf8'));
  const { certificate, key, serverCertificate } = lab.certificates;
  const privateKey = lab.operator.file;
  written['incus'] = { url: lab.url, project: lab.project, certificate, key, serverCertificate };
  written['instance'] = {
    image: lab.imageAlias,
    type: 'container',
    cpus: 1,
    memory: '1GiB',
    disk: '10GiB',
    pool: sizedPool,
  };
  written['ssh'] = { privateKey };
  Object.assign(written['old'] ?? {}, { ssh: { host: pi.address, privateKey, hostKeys: [pi.hostKey] } });
  Object.assign(written['forge'] ?? {}, {
    ssh: { host: forge.address, user: 'git', privateKey, hostKeys: [forge.hostKey] },
  });
  Object.assign(written['nixos'] ?? {}, { nixpkgs: 'path:/srv/nixpkgs' });
  await writeFile(config, stringify(written));
  const loops = join(folder, 'loops.yaml');
  await writeFile(loops, (await readFile(loops, 'utf8')).replaceAll('git.example.org', forge.address));
}

/** Runs a command of `cutover` to its end, as the operator who answers its gates. */
async function cutover(...argv: string[]): Promise<{ exitCode: number | null; events: EngineEvent[] }> {
  const files = { config: join(folder, 'cutover.yaml'), state: join(folder, 'state') };
  const signal = AbortSignal.timeout(600_000);
  const gates = answerGates({
    ...files,
    rig: 'mill',
    rigUser: 'mill',
    operator: () => Promise.reject(new Error('no person has anything to do on the new host')),
    beforeApproval: async () => {},
    signal,
  });
  const events: EngineEvent[] = [];
  const { exitCode, stderr } = await runCutover({
    ...files,
    argv,
    signal,
    onEvent(event) {
      events.push(event);
      gates.event(event);
    },
  });
  await gates.settled();
  const telling = events.filter(({ type }) => ['failed', 'stopped', 'run.ended'].includes(type));
  expect({ argv, exitCode, stderr, ...(exitCode === 0 ? {} : { telling }) }).toEqual({
    argv,
    exitCode: 0,
    stderr: '',
  });
  return { exitCode, events };
}

/** Who has committed to the miller's repository, the newest first. */
async function commitsOf(host: string): Promise<number> {
  const git = ['git', '-c', 'safe.directory=*', '-C', '/srv/git/flour.git'];
  const { stdout } = await hosts.forge.host.run([...git, 'show', 'main:miller.txt']);
  return stdout.split('\n').filter((line) => line.endsWith(` ${host}`)).length;
}

beforeAll(async () => {
  lab = await openLab();
  hosts = await startHosts(lab);
  folder = await mkdtemp(join(tmpdir(), 'cutover-mill-'));
  await prepareMill();
  await writeConfig();
});
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('a rig without plan phases, claims, an orchestrator and a login', () => {
  it('is one that doctor finds nothing wrong with', async () => {
    expect(await cutover('doctor')).toMatchObject({ exitCode: 0 });
  });

  it.runIf(process.env['CUTOVER_SOAK'])(
    'moves to its new host, comes back from a reboot, and goes home again',
    async () => {
      const { events } = await cutover('run', '--yes');
      const gates = events.flatMap((event) => (event.type === 'gate.open' ? [event.step] : []));
      expect(gates).toEqual(['release-ownership']);
      expect(await commitsOf('mill-host')).toBeGreaterThan(0);
      const target = incusHost(lab.client.project(lab.project), 'mill-host');
      expect((await target.run(['test', '-e', '/srv/mill/.oven-token'], { reject: false })).exitCode).toBe(0);
      await cutover('reboot-proof', '--yes');
      const before = await commitsOf('pi');
      await cutover('rollback', '--yes');
      await expect.poll(() => commitsOf('pi')).toBeGreaterThan(before);
    },
    600_000,
  );
});
