import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type SshHostOptions, sshHost } from '@cutover/host';
import type { Source, Target } from '@cutover/nix-deploy';

import { UnavailableError } from './figure.ts';

const run = promisify(execFile);

/** What these figures use of the lab; it is above this package in the graph, so it is loaded where it was built. */
interface LabModule {
  openLab(): Promise<
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
  /** The same deploy to the first machine by hand, over one ssh that all commands share. */
  byHand(): Promise<void>;
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
  const lab = await openLab();
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
  const [first] = machines;
  return {
    targets: machines.map(({ name, ssh }) => ({
      name,
      connect: () => Promise.resolve(sshHost({ ...ssh, name })),
    })),
    source: { flake: `path:${flakeFolder}`, configuration: 'box' },
    change,
    byHand: async () => {
      await run('sh', [
        '-e',
        '-c',
        handScript,
        'by-hand',
        folder,
        first?.address ?? '',
        lab.operator.file,
        knownHosts,
      ]);
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

/** `$1` folder of the flake, `$2` address, `$3` key, `$4` known_hosts: as a person would, with one connection for all of it. */
const handScript = `
control=$1/ssh-control
common="-i $3 -o UserKnownHostsFile=$4 -o BatchMode=yes -o ControlPath=$control"
ssh $common -o ControlMaster=yes -N -f "root@$2" > /dev/null 2>&1
out=$(nix --extra-experimental-features 'nix-command flakes' build --no-link --json \\
  "path:$1/flake#nixosConfigurations.box.config.system.build.toplevel" 2> /dev/null | sed 's/.*"out":"\\([^"]*\\)".*/\\1/')
NIX_SSHOPTS=$common nix --extra-experimental-features 'nix-command flakes' copy --to "ssh://root@$2" "$out" 2> /dev/null
ssh $common "root@$2" nix-env --profile /nix/var/nix/profiles/system --set "$out"
ssh $common "root@$2" "$out/bin/switch-to-configuration" switch > /dev/null 2>&1
ssh $common -O exit "root@$2" > /dev/null 2>&1
`;
