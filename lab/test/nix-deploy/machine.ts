import { type Host, sshHost } from '@cutover/host';
import { type Generation, generations, type Source, type Target } from '@cutover/nix-deploy';

import { openLab } from '../../src/index.ts';
import { type Relay, startRelay } from './relay.ts';

/** A machine of the lab that declares itself by a flake of its own. */
export interface Machine extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly hostKey: string;
  /** File of the private key that it accepts. */
  readonly operatorKey: string;
  /** Reached over ssh, through a relay whose connections can be cut. */
  readonly target: Target;
  /** The same machine, reached as another user, who has the same key. */
  targetAs(user: string): Target;
  readonly relay: Relay;
  /** The way past the relay, to look and to make trouble: an ssh connection, a quarter of what an exec of Incus costs. */
  readonly host: Host;
  readonly source: Source;
  /** How many connections have been made to it. */
  readonly connections: () => number;
  /** Writes what the machine is to be: the text of a NixOS module. */
  declare(module: string): Promise<void>;
  /** Builds systems on the machine, all at once, and returns their store paths: from the name of each to its module. */
  build<Name extends string>(
    modules: Readonly<Record<Name, string>>,
  ): Promise<Readonly<Record<Name, string>>>;
  /** Runs a script as root and returns what it printed. */
  sh(script: string): Promise<string>;
  /** Waits until it has booted again, for `host` and `sh` to be of use. */
  rebooted(): Promise<void>;
  generations(): Promise<readonly Generation[]>;
  /** `active` and every generation, e.g. `1 of 1 2 3`. */
  history(): Promise<string>;
  running(): Promise<string>;
}

/** A flake whose machine is what `module.nix` beside it says. */
export const flakeText = (
  nixpkgs: string,
  modules: Readonly<Record<string, string>> = { box: './module.nix' },
): string => `{
  inputs.nixpkgs.url = "path:${nixpkgs}";
  outputs = { self, nixpkgs }: {
    nixosConfigurations = builtins.mapAttrs (_: module: nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [ module { networking.hostName = "box"; services.openssh.enable = true; } ];
    }) { ${Object.entries(modules)
      .map(([name, file]) => `${name} = ${file};`)
      .join(' ')} };
  };
}
`;

export async function startMachine(): Promise<Machine> {
  const lab = await openLab();
  const box = await lab.launch('nix-deploy');
  const relay = await startRelay(box.address, 22);
  let host = sshHost(box.ssh);
  let connections = 0;
  const targetAs = (user: string): Target => ({
    name: box.name,
    connect: () => {
      connections += 1;
      return Promise.resolve(
        sshHost({
          ...box.ssh,
          user,
          host: '127.0.0.1',
          port: relay.port,
          keepAliveInterval: 1000,
          name: box.name,
        }),
      );
    },
  });
  const sh = async (script: string): Promise<string> => (await host.run(['sh', '-c', script])).stdout.trim();
  await sh('mkdir -p /srv/flake /srv/systems');
  await host.writeFile('/srv/flake/flake.nix', flakeText('/srv/nixpkgs'), { mode: 0o644 });
  const listed = async (): Promise<readonly Generation[]> => await generations(host);
  return {
    name: box.name,
    address: box.address,
    hostKey: box.hostKey,
    operatorKey: lab.operator.file,
    target: targetAs('root'),
    targetAs,
    relay,
    get host() {
      return host;
    },
    source: { flake: 'path:/srv/flake', configuration: 'box' },
    connections: () => connections,
    declare: async (module) => await host.writeFile('/srv/flake/module.nix', module, { mode: 0o644 }),
    build: async (modules) => {
      const names = Object.keys(modules);
      const files: [string, string][] = Object.entries<string>(modules).map(([name, text]) => [
        `${name}.nix`,
        text,
      ]);
      const flake = flakeText(
        '/srv/nixpkgs',
        Object.fromEntries(names.map((name) => [name, `./${name}.nix`])),
      );
      for (const [file, text] of [...files, ['flake.nix', flake] as const]) {
        await host.writeFile(`/srv/systems/${file}`, text, { mode: 0o644 });
      }
      const wanted = names.map(
        (name) => `path:/srv/systems#nixosConfigurations.${name}.config.system.build.toplevel`,
      );
      const { stdout } = await host.run(['nix', 'build', '--no-link', '--print-out-paths', ...wanted]);
      const built = stdout.trim().split('\n');
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nix prints them in the order that they were named in
      return Object.fromEntries(names.map((name, i) => [name, built[i]])) as Record<
        keyof typeof modules,
        string
      >;
    },
    sh,
    rebooted: async () => {
      await host[Symbol.asyncDispose]();
      // By way of the daemon: it needs no sshd there, and waits for one.
      await box.host.run(['sh', '-c', 'until systemctl is-active --quiet ssh; do sleep 0.1; done']);
      host = sshHost(box.ssh);
    },
    generations: listed,
    history: async () => {
      const all = await listed();
      const active = all.find((one) => one.active)?.number ?? 'none';
      return `${active} of ${all.map((one) => one.number).join(' ')}`;
    },
    running: async () => await sh('readlink -f /run/current-system'),
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
      await relay[Symbol.asyncDispose]();
      await box[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

/** A module whose system bears `marker` in /etc/marker, and what else is said. */
export function marked(marker: string, more = ''): string {
  return `{ pkgs, lib, ... }: { environment.etc.marker.text = "${marker}"; ${more} }\n`;
}
