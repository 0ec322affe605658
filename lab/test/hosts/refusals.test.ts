import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exitCodes } from '@cutover/runbook';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Lab, type LabHosts, openLab, startHosts } from '../../src/index.ts';
import { runCutover } from '../../src/rehearse/runner.ts';
import { newHostName, writeRehearsalFiles } from '../../src/rehearse/settings.ts';

type Config = {
  incus: Record<string, string>;
  instance: Record<string, unknown>;
  old: { ssh: Record<string, unknown> };
};

const run = promisify(execFile);
let lab: Lab;
let hosts: LabHosts;
let folder: string;

beforeAll(async () => {
  lab = await openLab();
  hosts = await startHosts(lab);
  folder = await mkdtemp(join(tmpdir(), 'cutover-refusals-'));
});

afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a cutover whose config was spoilt, and returns how it ended. */
async function refused(spoil: (config: Config) => void): Promise<{ exitCode: number | null; text: string }> {
  const files = await writeRehearsalFiles(await mkdtemp(join(folder, 'run-')), lab, hosts);
  const config: Config = parse(await readFile(files.config, 'utf8'));
  spoil(config);
  await writeFile(files.config, stringify(config));
  const events: string[] = [];
  const { exitCode, stderr } = await runCutover({
    ...files,
    argv: ['run', '--yes'],
    signal: AbortSignal.timeout(110_000),
    onEvent: (event) => events.push(JSON.stringify(event)),
  });
  return { exitCode, text: `${stderr}\n${events.join('\n')}` };
}

/** What a cutover would have changed first. The claim of the operator is not among it: each run makes and leaves one. */
async function traces(): Promise<string> {
  const instances = await lab.client.project(lab.project).instances.list();
  const { stdout } = await hosts.forge.host.run([
    'sh',
    '-c',
    'ls /srv/git; git -c safe.directory=* -C /srv/git/cc-ci.git for-each-ref refs/cutover | grep -v refs/cutover/operator || true',
  ]);
  const left = instances.filter(({ config }) => config['user.cutover.throwaway'] !== 'true');
  return JSON.stringify([left.map(({ name }) => name), stdout]);
}

/** An address of the lab's network that no instance has. */
async function freeAddress(): Promise<string> {
  const { devices } = await lab.client.profiles.get('default');
  const leases = await lab.client.networks.leases(devices['eth0']?.['network'] ?? '');
  const taken = new Set(leases.map(({ address }) => address));
  const all = Array.from({ length: 250 }, (_, index) => lab.subnet.replace(/\.0\/24$/, `.${index + 2}`));
  return all.findLast((address) => !taken.has(address)) ?? '';
}

async function expectUntouched(spoil: (config: Config) => void, message: RegExp): Promise<void> {
  const before = await traces();
  const { exitCode, text } = await refused(spoil);
  expect(text).toMatch(message);
  expect(exitCode).toBe(exitCodes.unsafe.code);
  expect(await traces()).toBe(before);
}

describe('a cutover that cannot be', () => {
  it('is refused with a certificate that the server does not trust', async () => {
    const [certificate, key] = [join(folder, 'wrong.crt'), join(folder, 'wrong.key')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    await run('openssl', [
      'req',
      '-x509',
      ...curve,
      '-nodes',
      '-days',
      '30',
      '-subj',
      '/CN=wrong',
      '-keyout',
      key,
      '-out',
      certificate,
    ]);
    await expectUntouched((config) => {
      config.incus = { ...config.incus, certificate, key };
    }, /does not trust/);
  });

  it('is refused with an image alias that is not there', async () => {
    await expectUntouched((config) => {
      config.instance['image'] = 'no-such-image';
    }, /no image alias no-such-image; import the image or name another/);
  });

  it('is refused when the old host does not answer', async () => {
    const nobody = await freeAddress();
    await expectUntouched((config) => {
      config.old.ssh['host'] = nobody;
    }, /pi.*(?:reach|connect)/i);
  });

  it('is refused when the name is taken by an instance of somebody else’s', async () => {
    const scope = lab.client.project(lab.project);
    await scope.instances.create({ name: newHostName, source: { type: 'image', alias: lab.imageAlias } });
    try {
      await expectUntouched(() => {}, new RegExp(`the name ${newHostName} is taken`));
    } finally {
      await scope.instances.delete(newHostName);
    }
  });
});
