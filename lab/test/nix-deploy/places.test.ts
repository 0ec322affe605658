import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { localHost } from '@cutover/host';
import { deploy, type DeployEvent, type DeployOptions, plan, targetOf } from '@cutover/nix-deploy';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { type Client, startClient } from './client.ts';
import { flakeText, type Machine, marked, startMachine } from './machine.ts';

const run = promisify(execFile);
const nixpkgs = fileURLToPath(new URL('../../nixpkgs', import.meta.url));

/** This machine is the one that builds: its nix is another one (Debian's own) than that of the target. */
let folder: string;
let machine: Machine;
let client: Client;
beforeAll(async () => {
  // Where nobody is there to build as another user.
  vi.stubEnv('NIX_CONFIG', 'build-users-group =\nsandbox = false');
  folder = await mkdtemp(join(tmpdir(), 'places-'));
  await writeFile(join(folder, 'flake.nix'), flakeText(nixpkgs));
  [machine, client] = await Promise.all([startMachine(), startClient()]);
  await client.configure([machine]);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await client[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const source = (): DeployOptions['source'] => ({ flake: `path:${folder}`, configuration: 'box' });
const declareHere = async (module: string): Promise<void> =>
  await writeFile(join(folder, 'module.nix'), module);
const marker = async (): Promise<string> => await machine.sh('cat /etc/marker');
const sent = (events: readonly DeployEvent[]): number =>
  Math.max(0, ...events.map((event) => (event.type === 'copy' ? event.paths : 0)));

describe('a closure that is built elsewhere', () => {
  it('is taken when it is signed with a key that the target trusts', async () => {
    await using host = localHost();
    const secret = join(folder, 'secret');
    await host.run(['nix-store', '--generate-binary-cache-key', 'builder-1', secret, `${secret}.pub`]);
    const key = new TextDecoder().decode(await host.readFile(`${secret}.pub`)).trim();
    await machine.sh(`echo 'trusted-public-keys = ${key}' >> /etc/nix/nix.conf`);
    await declareHere(marked('signed'));
    const { system } = await plan(machine.target, { source: source(), buildOn: 'here' });
    const features = ['--extra-experimental-features', 'nix-command'];
    await run('nix', [...features, 'store', 'sign', '--key-file', secret, '--recursive', String(system)]);
    const result = await deploy(machine.target, {
      source: source(),
      buildOn: 'here',
      requireSignatures: true,
    });
    expect(result.changed).toBe(true);
    expect(await marker()).toBe('signed');
  });

  it('is refused when it is unsigned and signatures are required', async () => {
    await declareHere(marked('from here'));
    const before = await machine.history();
    let system = '';
    const error: unknown = await deploy(machine.target, {
      source: source(),
      buildOn: 'here',
      requireSignatures: true,
      onEvent: (event) => {
        if (event.type === 'built') system = event.system;
      },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'COPY_FAILED' });
    expect(String(error)).toContain('unsigned closure');
    // Nothing of it is left, and all that was there before is.
    expect(String(error)).toMatch(/of the (\d+) paths that were copied for it, \1 were deleted again/);
    expect(system).not.toBe('');
    expect(await machine.sh(`[ -e ${system} ] || echo gone`)).toBe('gone');
    await machine.sh('nix-store --verify --check-contents');
    expect(await machine.history()).toBe(before);
    expect(await marker()).toBe('signed');
  });

  it('is not built to its end where the target is not ready: that is said at once', async () => {
    const slow = 'pkgs.runCommand "slow" { } "sleep 54321; touch $out"';
    await declareHere(marked('never', `environment.etc.slow.source = ${slow};`));
    await expect(
      deploy(machine.target, { source: source(), buildOn: 'here', expect: { machineId: 'f'.repeat(32) } }),
    ).rejects.toMatchObject({ code: 'PREFLIGHT_FAILED' });
    const ended = async (): Promise<void> =>
      await expect(run('pgrep', ['-f', '^sleep 54321'])).rejects.toMatchObject({ code: 1 });
    await vi.waitFor(ended, { timeout: 30_000 });
  });

  it('is built on another host, evaluated here, and copied through here', async () => {
    await using builder = localHost({ name: 'builder' });
    await declareHere(marked('from a builder'));
    const planned = await plan(machine.target, { source: source(), buildOn: targetOf(builder) });
    expect(planned.copy?.paths.length).toBeGreaterThan(0);
    expect(planned.copy?.bytes).toBeGreaterThan(0);
    const events: DeployEvent[] = [];
    await deploy(machine.target, {
      source: source(),
      evaluateOn: 'here',
      buildOn: targetOf(builder),
      onEvent: (event) => events.push(event),
    });
    expect(sent(events)).toBe(planned.copy?.paths.length);
    expect(await marker()).toBe('from a builder');
  });

  it('is activated as one of its specialisations, which is looked for on the target', async () => {
    await using builder = localHost({ name: 'builder' });
    await declareHere(
      marked('special', 'specialisation.other.configuration.environment.etc.other.text = "yes";'),
    );
    const result = await deploy(machine.target, {
      source: source(),
      buildOn: targetOf(builder),
      specialisation: 'other',
    });
    expect(await machine.sh('cat /etc/other')).toBe('yes');
    expect(await machine.running()).toBe(
      await machine.sh(`readlink -f ${result.system}/specialisation/other`),
    );
    expect(await machine.sh('cat /boot/nixos/default')).toBe(result.system);
  });

  it.each(['its own path', 'what it refers to'])(
    'is whole on the target, where %s was left there half done',
    async (what) => {
      await declareHere(marked(what));
      const { system, copy } = await plan(machine.target, { source: source(), buildOn: 'here' });
      const left = (copy?.paths ?? []).filter((path) => (path === system) === (what === 'its own path'));
      expect(left).not.toEqual([]);
      const inEach = async (script: string): Promise<string> =>
        await machine.sh(`set -e; for path in ${left.join(' ')}; do ${script}; done`);
      await inEach('mkdir "$path"; echo half > "$path/half"');
      await deploy(machine.target, { source: source(), buildOn: 'here' });
      expect(await marker()).toBe(what);
      await inEach('nix-store --verify-path "$path"; [ ! -e "$path/half" ]');
    },
  );

  it('is evaluated here and built on the target', async () => {
    await declareHere(marked('evaluated here'));
    await deploy(machine.target, { source: source(), evaluateOn: 'here', buildOn: 'target' });
    expect(await marker()).toBe('evaluated here');
  });

  it('is fetched from the binary caches of the target where those have it', async () => {
    await declareHere(marked('substituted'));
    const { system } = await plan(machine.target, { source: source(), buildOn: 'here' });
    const cache = join(folder, 'cache');
    await run('nix', [
      '--extra-experimental-features',
      'nix-command',
      'copy',
      '--to',
      `file://${cache}?compression=none`,
      String(system),
    ]);
    // The cache of another machine, laid on the target's own disk.
    const { stdout } = await run('tar', ['-C', cache, '-cf', '-', '.'], {
      encoding: 'buffer',
      maxBuffer: 256 * 1024 * 1024,
    });
    await machine.host.writeFile('/srv/cache.tar', stdout, { mode: 0o644 });
    await machine.sh(
      `mkdir /srv/cache && tar -C /srv/cache -xf /srv/cache.tar && printf 'extra-substituters = file:///srv/cache\\nrequire-sigs = false\\n' >> /etc/nix/nix.conf`,
    );
    const events: DeployEvent[] = [];
    await deploy(machine.target, {
      source: source(),
      buildOn: 'here',
      substitute: true,
      onEvent: (event) => events.push(event),
    });
    expect(await marker()).toBe('substituted');
    expect(sent(events)).toBe(0);
  });

  it('that would not fit is not begun to be copied', async () => {
    onTestFinished(async () => void (await machine.sh('umount /nix && umount /mnt/nix')));
    await machine.sh(
      'mkdir -p /mnt/nix && mount -t tmpfs -o size=64M tmpfs /mnt/nix && cp -a /nix/. /mnt/nix && mount --bind /mnt/nix /nix',
    );
    const large = 'pkgs.runCommand "large" { } "head -c 80M /dev/zero > $out"';
    await declareHere(marked('too large', `environment.etc.large.source = ${large};`));
    await expect(
      deploy(machine.target, { source: source(), buildOn: 'here', minFree: { store: 0 } }),
    ).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      problems: [
        expect.objectContaining({
          check: 'store-full',
          message: expect.stringMatching(/what is missing there takes 80(\.0)? MiB/),
        }),
      ],
    });
    expect(await marker()).toBe('substituted');
  });
});

describe('a flake that says its targets itself', () => {
  it('needs no config file; a relative path is evaluated here and built on the target', async () => {
    await declareHere(marked('by its flake'));
    const flake = join(folder, 'fleet');
    await mkdir(flake);
    const ssh = `{ host = "127.0.0.1"; port = ${machine.relay.port}; privateKey = "${machine.operatorKey}"; hostKeys = [ "${machine.hostKey}" ]; }`;
    await writeFile(
      join(flake, 'flake.nix'),
      `{
        inputs.machines.url = "path:${folder}";
        outputs = { machines, ... }: {
          inherit (machines) nixosConfigurations;
          nix-deploy.targets.box = { ssh = ${ssh}; tags = [ "web" ]; };
        };
      }`,
    );
    await using other = await startClient();
    const local = relative(process.cwd(), flake);
    const reference = local.startsWith('.') ? local : `./${local}`;
    const { exitCode, stderr, stdout } = await other.run(['deploy', '@web', '--flake', `${reference}#box`]);
    expect(stderr).toContain('confirming on a fresh connection');
    expect(stdout).toMatch(/^box: deployed /m);
    expect(exitCode).toBe(0);
    expect(await marker()).toBe('by its flake');
    // The client names a config file last, which is the shell's here.
    const command = ['sh', '-c', 'cat /etc/marker'];
    const ran = await other.run(['exec', '--flake', reference, '--on', 'b*', '--', ...command]);
    expect(ran).toMatchObject({ exitCode: 0, stdout: 'box: by its flake' });
  });
});

describe('with nixos-rebuild as the engine', () => {
  /** In the place of the real one, which is not to be had on Debian: the same words, the same `result`. */
  const standIn = `#!/bin/sh
echo "$*" >> "$(dirname "$0")/nixos-rebuild.log"
[ "$2" = --flake ] || exit 64
action=$1 flake=\${3%#*} name=\${3#*#}
shift 3
case $action in dry-build) set -- --dry-run "$@" ;; build) set -- --out-link result "$@" ;; *) exit 64 ;; esac
exec nix --extra-experimental-features 'nix-command flakes' build "$@" \\
  "$flake#nixosConfigurations.\\"$name\\".config.system.build.toplevel"
`;
  beforeAll(async () => {
    await machine.host.writeFile('/usr/local/bin/nixos-rebuild', standIn, { mode: 0o755 });
  });

  it('the command evaluates and builds on the target; what is activated is its result, with all the care', async () => {
    await machine.declare(marked('rebuilt'));
    const planned = await plan(machine.target, {
      source: machine.source,
      engine: 'nixos-rebuild',
      build: false,
    });
    expect(planned.work?.build.length).toBeGreaterThan(0);
    await client.configure([machine], { nixOptions: ['--show-trace'] });
    const { exitCode, stdout, stderr } = await client.run([
      'deploy',
      '--engine',
      'nixos-rebuild',
      '--build-on',
      'target',
      '--json',
    ]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    for (const type of ['progress', 'armed', 'confirmed']) expect(stdout).toContain(`"type":"${type}"`);
    expect(await marker()).toBe('rebuilt');
    expect((await machine.sh('cat /usr/local/bin/nixos-rebuild.log')).split('\n')).toEqual([
      'dry-build --flake path:/srv/flake#box',
      'build --flake path:/srv/flake#box --log-format internal-json --show-trace',
    ]);
    // What it built is kept from being collected.
    expect(await machine.sh('nix-store --query --roots /run/current-system')).toContain('/roots/');
  });

  it('the command builds here where the config says so', async () => {
    await declareHere(marked('rebuilt here'));
    const commands = join(folder, 'bin');
    await mkdir(commands);
    await writeFile(join(commands, 'nixos-rebuild'), standIn, { mode: 0o755 });
    await client.configure([machine], {
      flake: `path:${folder}`,
      engine: 'nixos-rebuild',
      buildOn: 'here',
    });
    const { exitCode, stderr } = await client.run(['deploy'], { PATH: `${commands}:${process.env['PATH']}` });
    expect(stderr).toContain('copying');
    expect(exitCode).toBe(0);
    expect(await readFile(join(commands, 'nixos-rebuild.log'), 'utf8')).toMatch(/^build --flake path:/);
    expect(await marker()).toBe('rebuilt here');
  });

  it('its failures are told as nix’ own', async () => {
    await machine.declare('{ ... }: { environment.etc.marker.text = nothingOfTheKind; }\n');
    await expect(
      deploy(machine.target, { source: machine.source, engine: 'nixos-rebuild' }),
    ).rejects.toMatchObject({ code: 'EVALUATION_FAILED', step: 'evaluate', exitCode: 1 });
    expect(await marker()).toBe('rebuilt here');
  });
});
