import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { incusHost } from '@cutover/incus-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Lab, type LabHosts, openLab, scriptedOperator, startHosts } from '../../src/index.ts';
import { sizedPool } from '../../src/daemon/settings.ts';
import { answerGates } from '../../src/rehearse/gates.ts';
import { operatorAccess } from '../../src/rehearse/operator-access.ts';
import { runCutover } from '../../src/rehearse/runner.ts';

const run = promisify(execFile);
const command = fileURLToPath(import.meta.resolve('@cutover/cutover-scripts/cli'));
const name = 'cc-ci-host';
let lab: Lab;
let hosts: LabHosts;
let folder: string;
let config: string;

/** What a person says of a rig that `init` cannot see, and nothing else. */
function answers(): string[] {
  const { certificate, key, serverCertificate } = lab.certificates;
  const said: Record<string, string> = {
    'old-host': hosts.pi.address,
    'old-name': 'pi',
    'ssh-key': lab.operator.file,
    'known-hosts': join(folder, 'known_hosts'),
    incus: lab.url,
    'incus-project': lab.project,
    'incus-certificate': certificate,
    'incus-key': key,
    'incus-server-certificate': serverCertificate,
    image: lab.imageAlias,
    'instance-type': 'container',
    pool: sizedPool,
    swap: '512MiB',
    nixpkgs: 'path:/srv/nixpkgs',
    forge: `ssh://git@${hosts.forge.address}/srv/git`,
    'login-check': '/srv/cc-ci/cc-ci-plan/bin/agent whoami',
    'login-hint': '/srv/cc-ci/cc-ci-plan/bin/agent login',
    health: `http://${hosts.ccci.address}/health`,
  };
  return Object.entries(said).flatMap(([flag, answer]) => [`--${flag}`, answer]);
}

async function cutover(...argv: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [command, ...argv, '--config', config], {
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/** The files of the old host that its rig does not work on, with when they were written. */
async function filesOfOldHost(): Promise<string> {
  const find = `find /srv /home /etc /root -type f -printf '%p %T@\\n' | grep -v '/srv/cc-ci/\\(cc-ci\\|[.]cc-ci-logs\\)' | sort`;
  return (await hosts.pi.host.run(['sh', '-c', find])).stdout;
}

beforeAll(async () => {
  lab = await openLab();
  hosts = await startHosts(lab);
  folder = await mkdtemp(join(tmpdir(), 'cutover init '));
  config = join(folder, 'cutover.yaml');
  const known = [hosts.pi, hosts.forge].map(({ address, hostKey }) => `${address} ${hostKey}\n`);
  await writeFile(join(folder, 'known_hosts'), known.join(''));
});
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('cutover init', () => {
  it('finds the rig of the old host, and leaves the old host as it was', async () => {
    const before = await filesOfOldHost();
    await cutover('init', '--yes', ...answers());
    expect(await filesOfOldHost()).toBe(before);
    const written: unknown = parse(await readFile(config, 'utf8'));
    expect(written).toMatchObject({
      name,
      old: {
        user: 'loops',
        workspace: '/srv/cc-ci',
        resumePoint: '.cc-ci-logs/.phase-idx',
        units: ['cc-ci-loops.service'],
        cronMatch: 'cc-ci-plan/launch.sh',
        stop: ['/srv/cc-ci/cc-ci-plan/launch.sh', 'stop'],
        startEnv: { RESUME_PHASE: '1' },
      },
      orchestrator: { loop: 'orchestrator' },
      handoff: { repository: 'cc-ci', proof: 'verdict' },
    });
    const secrets = await readFile(join(folder, 'secrets.yaml'), 'utf8');
    // The key of the forge is each host's own.
    expect(secrets).toContain('/home/loops/.ssh/cc-ci-root-ed25519');
    expect(secrets).not.toContain('/home/loops/.ssh/id_ed25519');
  });

  it('writes what doctor and plan accept as it stands', async () => {
    // It ends with 1 when a finding is not ok, and the call rejects.
    expect((await cutover('doctor', '--json')).trim().split('\n').length).toBeGreaterThan(15);
    const saved = join(folder, 'plan.json');
    expect(await cutover('plan', '--save', saved)).toMatch(/run it: cutover run .* --plan/);
    expect(JSON.parse(await readFile(saved, 'utf8'))).toMatchObject({
      world: {
        'owner of the loops': expect.any(String),
        [`instance ${name}`]: 'is not there',
        [`image ${lab.imageAlias}`]: expect.stringMatching(/^[0-9a-f]{64}$/),
        'rig on pi': 'runs',
      },
    });
  });

  it('overwrites nothing', async () => {
    const before = await readFile(config, 'utf8');
    await expect(cutover('init', '--yes', ...answers())).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing is overwritten'),
    });
    expect(await readFile(config, 'utf8')).toBe(before);
  });

  it.runIf(process.env['CUTOVER_SOAK'])(
    'is enough for a whole cutover: rehearse, run, reboot proof and the end of the old host',
    async () => {
      const signal = AbortSignal.timeout(1_500_000);
      const files = { config, state: join(folder, 'state') };
      const target = incusHost(lab.client.project(lab.project), name);
      for (const argv of [
        ['rehearse', '--yes'],
        ['run', '--yes'],
        ['reboot-proof', '--yes'],
        ['retire-old', '--yes'],
      ]) {
        const gates = answerGates({
          ...files,
          rig: 'cc-ci',
          rigUser: 'loops',
          operator: async () => scriptedOperator(await operatorAccess(target, lab, signal)),
          beforeApproval: async () => {},
          signal,
        });
        const troubles: unknown[] = [];
        const end = await runCutover({
          ...files,
          argv,
          signal,
          onEvent(event) {
            gates.event(event);
            if (['failed', 'stopped', 'run.ended'].includes(event.type)) troubles.push(event);
          },
        });
        await gates.settled();
        expect({
          argv,
          exitCode: end.exitCode,
          troubles: end.exitCode === 0 ? [] : troubles,
          stderr: end.stderr,
        }).toEqual({
          argv,
          exitCode: 0,
          troubles: [],
          stderr: '',
        });
      }
      const left = await hosts.pi.host.run(['test', '-e', '/srv/cc-ci'], { reject: false });
      expect(left.exitCode).toBe(1);
    },
    1_600_000,
  );
});
