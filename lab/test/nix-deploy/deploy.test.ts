import {
  ActivationError,
  deploy,
  type DeployEvent,
  LockedError,
  NixError,
  rebootProof,
  rollback,
} from '@cutover/nix-deploy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Machine, marked, startMachine } from './machine.ts';

const unit =
  'systemd.services.bad = { wantedBy = ["multi-user.target"]; serviceConfig.Type = "oneshot"; script = "echo no luck >&2; exit 3"; };';
const wait = 'for i in $(seq 600); do [ ! -e /run/refused ] || break; sleep 0.1; done';

let machine: Machine;
/** All but the first is built beforehand: that a flake is, the first deploys show. */
let systems: Readonly<Record<'two' | 'three' | 'four' | 'broken' | 'badUnit' | 'slow' | 'six', string>>;
beforeAll(async () => {
  machine = await startMachine();
  systems = await machine.build({
    two: marked('two'),
    three: marked('three'),
    four: marked('four'),
    broken: marked('broken', 'system.activationScripts.broken = "echo cannot do this; exit 7";'),
    badUnit: marked('bad unit', unit),
    slow: marked('slow', `system.activationScripts.slow = "${wait}";`),
    six: marked('six'),
  });
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
});

const failing = { type: 'command', argv: ['false'], timeout: 1000 } as const;

describe('a first deploy', () => {
  it('that fails leaves no generation behind', async () => {
    const error: unknown = await deploy(machine.target, {
      source: { storePath: systems.two },
      healthChecks: [failing],
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ActivationError);
    expect(error).toMatchObject({ code: 'HEALTH_CHECK_FAILED', restoration: 'nothing-before' });
    expect(await machine.history()).toBe('none of ');
  });

  it('has nothing to be rolled back to, and says so', async () => {
    await expect(rollback(machine.target)).rejects.toMatchObject({
      code: 'NO_SUCH_GENERATION',
      message: expect.stringContaining('has no generations of the profile system yet'),
    });
  });

  it('makes the first generation, runs it and boots it', async () => {
    await machine.declare(marked('one'));
    const events: DeployEvent[] = [];
    const result = await deploy(machine.target, {
      source: machine.source,
      healthChecks: [
        { type: 'command', argv: ['grep', '-qx', 'one', '/etc/marker'] },
        { type: 'units', units: ['ssh.service'] },
        { type: 'port', host: machine.address, port: 22 },
      ],
      onEvent: (event) => events.push(event),
    });
    expect(result).toMatchObject({ changed: true, generation: 1 });
    expect(result.health.every((check) => check.ok)).toBe(true);
    expect(await machine.running()).toBe(result.system);
    expect(await machine.sh('cat /boot/nixos/default')).toBe(result.system);
    expect(events.map((event) => event.type)).toEqual(
      expect.arrayContaining(['armed', 'activated', 'confirmed']),
    );
  });
});

describe('a deploy to a machine on which no NixOS system ran', () => {
  it('that fails says that there is none to go back to, and a failed unit fails the next one too', async () => {
    await using fresh = await startMachine();
    const { bad, good } = await fresh.build({ bad: marked('bad', unit), good: marked('good') });
    const failed = { code: 'SWITCH_FAILED', exitCode: 4, failedUnits: ['bad.service'] };
    await expect(deploy(fresh.target, { source: { storePath: bad } })).rejects.toMatchObject({
      ...failed,
      restoration: 'nothing-before',
      message: expect.stringContaining('no NixOS system was active before'),
    });
    expect(await fresh.history()).toBe('none of ');
    await expect(deploy(fresh.target, { source: { storePath: bad } })).rejects.toMatchObject({
      failedUnits: ['bad.service'],
    });
    expect(await fresh.history()).toBe('none of ');

    await fresh.sh(`
      rm /run/current-system; mkdir -p /boot; mount -t tmpfs -o size=1M tmpfs /boot
      dd if=/dev/zero of=/boot/filler bs=64k 2> /dev/null || :`);
    await expect(
      deploy(fresh.target, { source: { storePath: good }, minFree: { boot: 0 } }),
    ).rejects.toMatchObject({ code: 'BOOT_LOADER_FAILED', restoration: 'nothing-before' });
    expect(await fresh.history()).toBe('none of ');
    expect(await fresh.sh('ls /nix/var/nix/profiles | grep system || :')).toBe('');
  });
});

describe('a deploy', () => {
  it('confirms on a connection that did not exist before the activation', async () => {
    let atActivation = 0;
    await deploy(machine.target, {
      source: { storePath: systems.two },
      onEvent: (event) => {
        if (event.type === 'activated') atActivation = machine.connections();
      },
    });
    expect(machine.connections()).toBeGreaterThan(atActivation);
    await deploy(machine.target, { source: { storePath: systems.three } });
    expect(await machine.history()).toBe('3 of 1 2 3');
  });

  it('of what runs and boots already changes nothing', async () => {
    await machine.declare(marked('three'));
    const result = await deploy(machine.target, { source: machine.source });
    expect(result).toMatchObject({ changed: false, log: '', generation: 3 });
    expect(await machine.history()).toBe('3 of 1 2 3');
  });

  it('that a health check fails ends on exactly the generation that was active, here the first of three', async () => {
    const back = await rollback(machine.target, { to: 1 });
    expect(back).toMatchObject({ changed: true, generation: 1 });
    expect(await machine.history()).toBe('1 of 1 2 3');

    const error: unknown = await deploy(machine.target, {
      source: { storePath: systems.four },
      healthChecks: [failing],
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'HEALTH_CHECK_FAILED',
      step: 'health',
      exitCode: 0,
      restoration: 'restored',
    });
    expect(await machine.history()).toBe('1 of 1 2 3');
    expect(await machine.running()).toBe(back.system);
    expect(await machine.sh('cat /boot/nixos/default')).toBe(back.system);
    expect(await machine.sh('cat /etc/marker')).toBe('one');
  });

  it('of the active closure that fails deletes nothing', async () => {
    const before = await machine.history();
    const system = await machine.running();
    await expect(
      deploy(machine.target, { source: { storePath: system }, force: true, healthChecks: [failing] }),
    ).rejects.toMatchObject({ code: 'HEALTH_CHECK_FAILED', restoration: 'restored' });
    expect(await machine.history()).toBe(before);
    expect(await machine.running()).toBe(system);
  });

  it('whose activation fails says what it wrote, and restores', async () => {
    const system = await machine.running();
    await expect(deploy(machine.target, { source: { storePath: systems.broken } })).rejects.toMatchObject({
      code: 'SWITCH_FAILED',
      exitCode: 2,
      restoration: 'restored',
      message: expect.stringMatching(
        /exit code 2: .*snippet 'broken' failed \(7\)\nFailed to run activate script; the/s,
      ),
      log: expect.stringContaining('cannot do this'),
    });
    expect(await machine.running()).toBe(system);
    expect(await machine.history()).toBe('1 of 1 2 3');
  });

  it('fails on a unit that fails newly, names it and shows its journal', async () => {
    await expect(deploy(machine.target, { source: { storePath: systems.badUnit } })).rejects.toMatchObject({
      code: 'SWITCH_FAILED',
      exitCode: 4,
      failedUnits: ['bad.service'],
      journal: expect.stringContaining('no luck'),
      restoration: 'restored',
    });
    expect(await machine.sh('cat /etc/marker')).toBe('one');
  });

  it('that does not build says why, with the last lines of the builder', async () => {
    await machine.declare(
      marked(
        'unbuildable',
        'environment.etc.x.source = pkgs.runCommand "broken" { } "echo the reason is plain; exit 100";',
      ),
    );
    const before = await machine.history();
    const error: unknown = await deploy(machine.target, { source: machine.source }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NixError);
    expect(error).toMatchObject({
      code: 'BUILD_FAILED',
      lastLines: expect.arrayContaining(['the reason is plain']),
    });
    expect(await machine.history()).toBe(before);
  });

  it('is refused while another one goes on, whose holder is named', async () => {
    let rival: unknown;
    let proof: unknown;
    await deploy(machine.target, {
      source: { storePath: systems.slow },
      holder: 'the first one',
      onEvent: (event) => {
        if (event.type === 'armed') {
          const reboot = (): Promise<void> => Promise.reject(new Error('it was rebooted'));
          proof = rebootProof(machine.target, { reboot }).catch((reason: unknown) => reason);
          rival = deploy(machine.target, { source: { storePath: systems.slow } })
            .catch(async (reason: unknown) => {
              await proof;
              return reason;
            })
            .finally(async () => await machine.sh('touch /run/refused'));
        }
      },
    });
    for (const error of [await rival, await proof]) {
      expect(error).toBeInstanceOf(LockedError);
      expect(error).toMatchObject({ code: 'TARGET_LOCKED', holder: 'the first one' });
    }
  });

  it('of a system without switch-to-configuration is refused before anything is started', async () => {
    const runs = await machine.running();
    const storePath = await machine.sh(`
      cp -a ${systems.six} /tmp/no-switch && chmod -R u+w /tmp/no-switch && rm /tmp/no-switch/bin/switch-to-configuration
      nix-store --add /tmp/no-switch`);
    for (const action of ['switch', 'boot'] as const) {
      await expect(deploy(machine.target, { source: { storePath }, action })).rejects.toMatchObject({
        code: 'SWITCH_FAILED',
        restoration: 'untouched',
        message: expect.stringContaining('build it with system.switch.enable = true; nothing was changed'),
      });
    }
    expect(await machine.running()).toBe(runs);
    expect(await machine.sh('cat /boot/nixos/default')).not.toBe(storePath);
  });

  it('of another init system cannot be switched to while it runs: it says so, and can be booted', async () => {
    const runs = await machine.running();
    const storePath = await machine.sh(`
      cp -a ${systems.six} /tmp/other-init && chmod -R u+w /tmp/other-init && cd /tmp/other-init
      echo 'systemd 2' > init-interface-version
      sed -i 's#^toplevel=.*#toplevel=$(dirname "$(dirname "$(readlink -f "$0")")")#' bin/switch-to-configuration
      nix-store --add /tmp/other-init`);
    await expect(deploy(machine.target, { source: { storePath } })).rejects.toMatchObject({
      code: 'NEEDS_REBOOT',
      exitCode: 100,
      restoration: 'untouched',
      message: expect.stringContaining('deploy it with the action boot, then reboot'),
    });
    expect(await machine.running()).toBe(runs);
    expect(await deploy(machine.target, { source: { storePath }, action: 'boot' })).toMatchObject({
      changed: true,
    });
    expect(await machine.sh('cat /boot/nixos/default')).toBe(storePath);
    expect(await machine.running()).toBe(runs);
  });
});
