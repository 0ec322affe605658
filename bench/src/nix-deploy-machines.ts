import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type SshHostOptions, sshHost } from '@cutover/host';
import type { Source, Target } from '@cutover/nix-deploy';

import byHandScript from './deploy-by-hand.sh';
import { UnavailableError } from './figure.ts';

const run = promisify(execFile);

/** What these figures use of the lab; it is above this package in the graph, so it is loaded where it was built. */
interface LabModule {
  openLab(options: { readonly name: string }): Promise<
    AsyncDisposable & {
      readonly operator: { readonly file: string };
      launch(name: string): Promise<AsyncDisposable & LabMachine>;
    }
  >;
}

interface LabMachine {
  readonly name: string;
  readonly address: string;
  readonly hostKey: string;
  readonly ssh: SshHostOptions;
}

export interface Machines extends AsyncDisposable {
  readonly targets: readonly Target[];
  readonly source: Source;
  /** Changes the one file of the system. */
  change(): Promise<void>;
  /** The same deploy by hand to the first machines, all at once, each over one ssh that all commands share. */
  byHand(count: number): Promise<void>;
  /** What is there to be built, as nix alone says it. */
  dryRun(): Promise<void>;
}

/** Starts machines of the lab, and a flake on this machine that declares them. */
export async function startMachines(count: number): Promise<Machines> {
  await run('nix', ['--version']).catch((error: unknown) => {
    throw new UnavailableError('nix is not installed here: apt-get install nix-bin', { cause: error });
  });
  // Debian's nix knows no users who build; it builds as who it is then, for ours and for the peer.
  process.env['NIX_CONFIG'] ??= 'build-users-group =\nsandbox = false';
  const module = new URL('../../lab/dist/index.js', import.meta.url).href;
  const { openLab }: LabModule = await import(module);
  const lab = await openLab({ name: 'bench' });
  const machines = await Promise.all(
    Array.from({ length: count }, async () => await lab.launch('nix-deploy')),
  );
  const folder = await mkdtemp(join(tmpdir(), 'nix-deploy-bench-'));
  const flakeFolder = join(folder, 'flake');
  await mkdir(flakeFolder);
  await writeFile(join(flakeFolder, 'flake.nix'), flake);
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, machines.map(({ address, hostKey }) => `${address} ${hostKey}\n`).join(''));
  let changes = 0;
  const change = async (): Promise<void> => {
    changes += 1;
    await writeFile(join(flakeFolder, 'marker'), `${Date.now()} ${changes}\n`);
  };
  await change();
  return {
    targets: machines.map(({ name, ssh }) => ({
      name,
      connect: () => Promise.resolve(sshHost({ ...ssh, name })),
    })),
    source: { flake: `path:${flakeFolder}`, configuration: 'box' },
    change,
    byHand: async (amount) => {
      const addresses = machines.slice(0, amount).map(({ address }) => address);
      const argv = ['by-hand', folder, lab.operator.file, knownHosts, ...addresses];
      await run('sh', ['-e', '-c', byHandScript, ...argv]);
    },
    dryRun: async () => {
      const installable = `path:${flakeFolder}#nixosConfigurations.box.config.system.build.toplevel`;
      const features = ['--extra-experimental-features', 'nix-command flakes'];
      await run('nix', ['build', '--dry-run', ...features, installable]);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(machines.map(async (machine) => await machine[Symbol.asyncDispose]()));
      await lab[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const nixpkgs = fileURLToPath(new URL('../../lab/nixpkgs', import.meta.url));

const flake = `{
  inputs.nixpkgs.url = "path:${nixpkgs}";
  outputs = { self, nixpkgs }: {
    nixosConfigurations.box = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [ {
        networking.hostName = "box";
        services.openssh.enable = true;
        environment.etc.marker.source = ./marker;
      } ];
    };
  };
}
`;
