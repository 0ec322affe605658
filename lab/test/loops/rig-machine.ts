import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { type Host, sshHost } from '@cutover/host';
import type { LoopStatus, RigStatus } from '@cutover/loops';

import { openLab } from '../../src/index.ts';

/** A machine of the lab whose flake declares one rig with the true NixOS module. */
export interface RigMachine extends AsyncDisposable {
  readonly host: Host;
  /** The same machine over ssh. */
  readonly ssh: Host;
  /** Runs a script as root and returns what it printed. */
  sh(script: string): Promise<string>;
  /** `loops …` as the rig's user would run it. */
  loops(...args: string[]): Promise<string>;
  /** The argv of `loops …` for root. */
  argv(...args: string[]): string[];
  status(): Promise<RigStatus>;
  /** Waits until the condition holds of the status; returns how many milliseconds that took. */
  until(condition: (status: RigStatus) => boolean, deadline?: number): Promise<number>;
  /** A hard reset: no unit is stopped in order. */
  reset(): Promise<void>;
}

const flake = `{
  inputs.nixpkgs.url = "path:/srv/nixpkgs";
  outputs = { self, nixpkgs }: {
    nixosConfigurations.box = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [ ./loops.nix ./module.nix { networking.hostName = "box"; services.openssh.enable = true; } ];
    };
  };
}
`;

const module = (user: string): string => `{ pkgs, ... }: {
  services.loops.rigs.demo = {
    enable = true;
    user = "${user}";
    group = "${user}";
    workspace = "/srv/demo";
    configFile = "/srv/demo/loops.yaml";
    bundle = ./loops.bundle.cjs;
    package = pkgs.nodejs;
    armedFile = "/var/lib/cutover/armed";
    unitName = "demo-orchestrator";
  };
}
`;

/** Builds and switches to the system; its rig is defined and waits to be armed. */
export async function startRigMachine(user: string, loopsYaml: string): Promise<RigMachine> {
  const lab = await openLab();
  const box = await lab.launch('loops');
  const { host } = box;
  const ssh = sshHost(box.ssh);
  const sh = async (script: string): Promise<string> => (await host.run(['sh', '-ec', script])).stdout.trim();
  const bundle = await readFile(fileURLToPath(import.meta.resolve('@cutover/loops/bundle')));
  const nixModule = await readFile(fileURLToPath(import.meta.resolve('@cutover/loops/nixos/loops.nix')));
  await sh(`mkdir -p /srv/flake /srv/demo; id ${user} >/dev/null 2>&1 || useradd -m -U ${user}`);
  await host.writeFile('/srv/demo/loops.yaml', loopsYaml, { mode: 0o644 });
  await host.writeFile('/srv/demo/.phase-idx', '1\n', { mode: 0o644 });
  for (const plan of ['one', 'two', 'three'])
    await host.writeFile(`/srv/demo/${plan}.md`, plan, { mode: 0o644 });
  await sh(`chown -R ${user}:${user} /srv/demo`);
  await host.writeFile('/srv/flake/flake.nix', flake, { mode: 0o644 });
  await host.writeFile('/srv/flake/module.nix', module(user), { mode: 0o644 });
  await host.writeFile('/srv/flake/loops.nix', nixModule, { mode: 0o644 });
  await host.writeFile('/srv/flake/loops.bundle.cjs', bundle, { mode: 0o644 });
  await sh(`out=$(nix build --no-link --print-out-paths path:/srv/flake#nixosConfigurations.box.config.system.build.toplevel)
nix-env -p /nix/var/nix/profiles/system --set "$out"
"$out/bin/switch-to-configuration" switch >&2`);
  const argv = (...args: string[]): string[] => [
    'node',
    '/srv/flake/loops.bundle.cjs',
    ...args,
    '--config',
    '/srv/demo/loops.yaml',
  ];
  const loops = async (...args: string[]): Promise<string> =>
    (await host.run(['runuser', '-u', user, '--', ...argv(...args)])).stdout;
  const status = async (): Promise<RigStatus> => JSON.parse(await loops('status', '--json')) as RigStatus;
  return {
    host,
    ssh,
    sh,
    loops,
    argv,
    status,
    until: async (condition, deadline = 60_000) => {
      const started = performance.now();
      let last: RigStatus | undefined;
      while (performance.now() - started < deadline) {
        try {
          last = await status();
          if (condition(last)) return performance.now() - started;
        } catch (error) {
          // While it boots, nothing answers yet.
          if (performance.now() - started > deadline - 1000) throw error;
        }
        await delay(100);
      }
      const journal = await sh('journalctl -n 40 --no-pager -u "*demo*" || :');
      throw new Error(`not within ${deadline} ms; last: ${JSON.stringify(last)}\n${journal}`);
    },
    reset: async () => {
      await lab.client.instances.restart(box.name, { force: true });
    },
    [Symbol.asyncDispose]: async () => {
      await ssh[Symbol.asyncDispose]();
      await box[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

/** Whether all wanted loops run. */
export function allRun({ loops, supervisor }: RigStatus): boolean {
  return supervisor.state === 'up' && loops.every((loop) => !loop.wanted || loop.state === 'running');
}

/** What must survive: each wanted loop's session id, and the phase. */
export function identity({ loops, phase }: RigStatus): unknown {
  return {
    phase: phase?.index,
    sessions: loops.filter(({ wanted }) => wanted).map(({ name, session }) => [name, session]),
  };
}

/** The process of each loop that runs. */
export function pids({ loops }: RigStatus): [string, number | undefined][] {
  return loops.map(({ name, pid }: LoopStatus) => [name, pid]);
}
