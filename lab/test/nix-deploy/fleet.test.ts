import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { sshHost } from '@cutover/host';
import { deployFleet, FleetError, type FleetMember, type FleetOutcome } from '@cutover/nix-deploy';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';

import { soak } from '../incus-client/soak.ts';
import { type Client, startClient } from './client.ts';
import { flakeText, type Machine, marked, startMachine } from './machine.ts';

const nixpkgs = fileURLToPath(new URL('../../nixpkgs', import.meta.url));
const size = soak(10, 3);
let machines: readonly Machine[] = [];
let client: Client;
/** One flake for all, on this machine. */
let folder = '';

beforeAll(async () => {
  // Where nobody is there to build as another user.
  vi.stubEnv('NIX_CONFIG', 'build-users-group =\nsandbox = false');
  folder = await mkdtemp(join(tmpdir(), 'fleet-'));
  await writeFile(join(folder, 'flake.nix'), flakeText(nixpkgs));
  [machines, client] = await Promise.all([
    Promise.all(Array.from({ length: size }, async () => await startMachine())),
    startClient(),
  ]);
  await machines.at(-1)?.sh('touch /srv/broken');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await client[Symbol.asyncDispose]();
  await Promise.all(machines.map(async (machine) => await machine[Symbol.asyncDispose]()));
  await rm(folder, { recursive: true });
});

/** What all machines are to be; the last one cannot. */
async function declare(marker: string): Promise<void> {
  const broken = 'system.activationScripts.broken = "[ ! -e /srv/broken ] || exit 7";';
  await writeFile(join(folder, 'module.nix'), marked(marker, broken));
}

async function members(marker: string): Promise<readonly FleetMember[]> {
  await declare(marker);
  const source = { flake: `path:${folder}`, configuration: 'box' };
  return machines.map(({ target }) => ({ target, options: { source, buildOn: 'here' } }));
}

async function outcomes(deploying: Promise<unknown>): Promise<readonly FleetOutcome[]> {
  const error: unknown = await deploying.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FleetError);
  return error instanceof FleetError ? error.outcomes : [];
}

const marker = async (machine: Machine | undefined): Promise<string | undefined> =>
  await machine?.sh('cat /etc/marker 2> /dev/null || :');

it('a broken target does not stop the others when it is to go on: the command prints one JSON result for each', async () => {
  await declare('one');
  await client.configure(machines, { flake: `path:${folder}`, buildOn: 'here' });
  const all = ['--json', '--continue', '--parallel', String(size)];
  const { exitCode, stdout } = await client.run(['deploy', ...all]);
  expect(exitCode).toBe(24);
  const printed = stdout
    .split('\n')
    .map((line): { type?: string; target?: string; status?: string } => JSON.parse(line))
    .filter(({ type }) => type === 'result');
  expect(printed.map(({ target }) => target)).toEqual(machines.map(({ name }) => name));
  expect(printed.map(({ status }) => status)).toEqual([
    ...Array.from({ length: size - 1 }, () => 'deployed'),
    'failed',
  ]);
  for (const machine of machines.slice(0, -1)) expect(await marker(machine)).toBe('one');
});

it('a broken canary keeps it from all others', async () => {
  const canary = machines.at(-1)?.name ?? '';
  const all = await outcomes(deployFleet(await members('two'), { canaries: [canary] }));
  expect(all.map(({ status }) => status)).toEqual([
    ...Array.from({ length: size - 1 }, () => 'skipped'),
    'failed',
  ]);
  expect(await marker(machines[0])).toBe('one');
});

it('those that succeeded are taken back when that is wished', async () => {
  const before = await Promise.all(machines.slice(0, -1).map(async (machine) => await machine.running()));
  const all = await outcomes(
    deployFleet(await members('three'), { parallel: size, onFailure: 'continue', revoke: true }),
  );
  expect(all.map(({ status }) => status)).toEqual([
    ...Array.from({ length: size - 1 }, () => 'revoked'),
    'failed',
  ]);
  expect(await Promise.all(machines.slice(0, -1).map(async (machine) => await machine.running()))).toEqual(
    before,
  );
});

it('a target that is off is left out where that is allowed, and named', async () => {
  const privateKeyFile = machines[0]?.operatorKey;
  const nowhere = {
    host: '127.0.0.1',
    port: 1,
    user: 'root',
    privateKeyFile,
    hostKeys: machines.map(({ hostKey }) => hostKey),
  };
  const off = { name: 'off', connect: () => Promise.resolve(sshHost(nowhere)) };
  const some = (await members('four')).slice(0, 1);
  const options = some[0]?.options;
  if (options === undefined) throw new Error('there is no member');
  const fleet = [...some, { target: off, options }];
  const all = await deployFleet(fleet, { skipUnreachable: true });
  expect(all.map(({ status }) => status)).toEqual(['deployed', 'unreachable']);
  expect((await outcomes(deployFleet(fleet))).map(({ status }) => status)).toEqual(['unchanged', 'failed']);
});

it('one that is off is named, and the others are asked all the same', async () => {
  await client.configure(machines, { flake: `path:${folder}`, buildOn: 'here' });
  const [off] = machines;
  if (off === undefined) throw new Error('there is no machine');
  onTestFinished(off.relay.open);
  off.relay.close();
  const others = machines.slice(1).map(({ name }) => name);

  const listed = await client.run(['generations', '--no-changes']);
  expect(listed.stderr).toMatch(new RegExp(`^${off.name}: FAILED: `, 'm'));
  for (const name of others) expect(listed.stdout).toMatch(new RegExp(`^${name}$`, 'm'));
  expect(listed.exitCode).toBe(24);

  const planned = await client.run(['plan', '--no-build', '--json']);
  const { plans } = JSON.parse(planned.stdout) as { plans: { target: string; error?: object }[] };
  expect(plans.map(({ target }) => target)).toEqual(machines.map(({ name }) => name));
  expect(plans.filter(({ error }) => error !== undefined)).toMatchObject([{ target: off.name }]);
  expect(planned.exitCode).toBe(24);

  // Alone it fails as itself.
  const alone = await client.run(['generations', off.name]);
  expect(alone.exitCode).toBe(1);
});

it('a target is built on another host, which the command names', async () => {
  const [machine, builder] = machines;
  await client.configure(machines);
  await machine?.declare('{ }');
  await builder?.declare(marked('built elsewhere'));
  const { exitCode, stderr } = await client.run([
    'deploy',
    machine?.name ?? '',
    '--build-on',
    builder?.name ?? '',
  ]);
  expect(stderr).toContain('copying');
  expect(exitCode).toBe(0);
  expect(await marker(machine)).toBe('built elsewhere');
});
