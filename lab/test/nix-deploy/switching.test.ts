import { deploy, type DeployEvent, plan } from '@cutover/nix-deploy';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { type Machine, marked, startMachine } from './machine.ts';

/** Fails at each start as long as /run/trouble is there. */
const flaky =
  'systemd.services.flaky = { wantedBy = ["multi-user.target"]; serviceConfig.Type = "oneshot"; script = "[ ! -e /run/trouble ]"; };';
const reloaded = (version: string, reload: string): string =>
  `systemd.services.reloaded = { wantedBy = ["multi-user.target"]; reloadIfChanged = true; environment.VERSION = "${version}"; script = "sleep 1000"; reload = "${reload}"; };`;
const needy = (version: string): string =>
  `systemd.services.needy = { wantedBy = ["multi-user.target"]; requires = ["flaky.service"]; after = ["flaky.service"]; environment.VERSION = "${version}"; script = "sleep 1000"; };`;
const critical = (version: string): string => `system.switch.inhibitors = { critical = "${version}"; };`;
const talk = '"echo @refused nothing; echo @strands sshd.service; echo @nix-deploy refused it"';
const linksInit = 'system.activationScripts.installInitScript = "ln -sfn $systemConfig/init /sbin/init";';

let machine: Machine;
const modules = {
  one: marked('one', `${flaky}${reloaded('1', 'true')}${needy('1')} ${critical('1')}`),
  two: marked('two', `${flaky}${reloaded('1', 'true')}`),
  halfActivated: marked(
    'half',
    `${flaky}${reloaded('1', 'true')} system.activationScripts.broken = "exit 7";`,
  ),
  failedReload: marked('reload', `${flaky}${reloaded('2', 'exit 1')}`),
  needy: marked('needy', `${flaky}${reloaded('1', 'true')}${needy('2')}`),
  refused: marked('refused', 'system.preSwitchChecks.never = "echo not today; exit 1";'),
  inhibited: marked('inhibited', critical('2')),
  refusedToo: marked('refused-too', `${critical('2')} system.preSwitchChecks.unready = "exit 1";`),
  init: marked('init', linksInit),
  talks: marked('talks', `system.activationScripts.talks = ${talk};`),
  profile: marked('profile'),
};
let systems: Readonly<Record<keyof typeof modules, string>>;

beforeAll(async () => {
  machine = await startMachine();
  systems = await machine.build(modules);
  await deploy(machine.target, { source: { storePath: systems.one } });
  await machine.sh('ln -sfn "$(readlink -f /run/current-system)" /run/booted-system');
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
});

const state = async (): Promise<string> =>
  await machine.sh(
    'readlink -f /run/current-system; cat /etc/marker /boot/nixos/default; readlink /sbin/init',
  );
const lastOutcome = async (): Promise<string> =>
  await machine.sh('cd /var/lib/nix-deploy/deploys && cat "$(ls -t | head -n 1)/outcome"');

describe('exit code 4, where a unit had failed before the deploy and fails again', () => {
  beforeEach(async () => {
    await deploy(machine.target, { source: { storePath: systems.one } });
    await machine.sh('systemctl start needy.service; touch /run/trouble; systemctl start flaky.service || :');
    onTestFinished(async () => void (await machine.sh('rm -f /run/trouble; systemctl reset-failed')));
  });

  it('is a success with a warning where that is all', async () => {
    const result = await deploy(machine.target, { source: { storePath: systems.two } });
    expect(result).toMatchObject({ changed: true, warnings: [expect.stringContaining('failed before')] });
    expect(result.log).toContain('warning: the following units failed: flaky.service');
  });

  it.each([
    ['an activation script that failed', 'halfActivated', "Activation script snippet 'broken' failed (7)"],
    ['a reload that failed', 'failedReload', 'Failed to reload reloaded.service'],
    ['a unit that was not started', 'needy', 'Failed to start needy.service'],
  ] as const)('does not cover %s', async (_what, name, words) => {
    const before = [await state(), await machine.history()];
    await expect(deploy(machine.target, { source: { storePath: systems[name] } })).rejects.toMatchObject({
      code: 'SWITCH_FAILED',
      exitCode: 4,
      failedUnits: [],
      log: expect.stringContaining(words),
    });
    expect([await state(), await machine.history()]).toEqual(before);
  });
});

describe('another switch-to-configuration', () => {
  const hold =
    'systemd-run --quiet --collect --unit=rebuild flock /run/nixos/switch-to-configuration.lock sleep 300; until [ -n "$(pgrep -x sleep -a | grep 300)" ]; do sleep 0.1; done';
  beforeEach(() => {
    onTestFinished(async () => void (await machine.sh('systemctl stop rebuild.service')));
  });

  it('that is under way is found by preflight, and named', async () => {
    await machine.sh(hold);
    await expect(deploy(machine.target, { source: { storePath: systems.profile } })).rejects.toMatchObject({
      code: 'TARGET_LOCKED',
      holder: expect.stringContaining('switch-to-configuration.lock sleep 300'),
    });
  });

  it('that began after preflight ends the deploy as if it had not been, and nothing is activated over it', async () => {
    await machine.declare(marked('locked out'));
    const before = [await state(), await machine.history()];
    let held: Promise<string> | undefined;
    const events: DeployEvent[] = [];
    await expect(
      deploy(machine.target, {
        source: machine.source,
        onEvent: (event) => {
          events.push(event);
          if (event.type === 'step' && event.step === 'build') held = machine.sh(hold);
        },
      }),
    ).rejects.toMatchObject({ code: 'TARGET_LOCKED', holder: expect.stringContaining('sleep 300') });
    await held;
    expect(events.map(({ type }) => type)).not.toContain('restoring');
    expect(await lastOutcome()).toBe('untouched');
    expect([await state(), await machine.history()]).toEqual(before);
  });
});

describe('what switch-to-configuration refuses before it changes anything', () => {
  it('is not restored from: a pre-switch check', async () => {
    const before = await state();
    await expect(deploy(machine.target, { source: { storePath: systems.refused } })).rejects.toMatchObject({
      code: 'SWITCH_FAILED',
      exitCode: 1,
      restoration: 'untouched',
      message: expect.stringContaining("Pre-switch check 'never' failed"),
    });
    expect(await state()).toBe(before);
  });

  it('is not restored from: a switch inhibitor, which needs a reboot, as the plan says', async () => {
    const { inhibitors } = await plan(machine.target, { source: { storePath: systems.inhibited } });
    expect(inhibitors).toEqual(['critical']);
    await expect(deploy(machine.target, { source: { storePath: systems.inhibited } })).rejects.toMatchObject({
      code: 'NEEDS_REBOOT',
      restoration: 'untouched',
      message: expect.stringContaining('deploy it with the action boot, then reboot'),
    });
  });
});

describe('a switch inhibitor', () => {
  it('is passed over by its name only, and no other check with it', async () => {
    await deploy(machine.target, { source: { storePath: systems.one } });
    const before = await state();
    const inhibited = { source: { storePath: systems.inhibited } };
    await expect(
      deploy(machine.target, { ...inhibited, overrideInhibitors: ['other'] }),
    ).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      problems: [{ check: 'switch-inhibitors', message: expect.stringMatching(/^critical changed too/) }],
    });
    const refused = { source: { storePath: systems.refusedToo } };
    await expect(
      deploy(machine.target, { ...refused, overrideInhibitors: ['critical'] }),
    ).rejects.toMatchObject({
      problems: [{ check: 'pre-switch-check', message: expect.stringContaining("'unready' failed") }],
    });
    expect(await state()).toBe(before);
    const warnings: string[] = [];
    const result = await deploy(machine.target, {
      ...inhibited,
      overrideInhibitors: ['critical'],
      onEvent: (event) => void (event.type === 'warning' && warnings.push(event.message)),
    });
    expect(result.changed).toBe(true);
    expect(warnings).toEqual([expect.stringMatching(/left out, .* overridden: critical$/)]);
  });
});

it('what a system prints is never taken for what the deploy itself says', async () => {
  const { changed, log } = await deploy(machine.target, { source: { storePath: systems.talks } });
  expect(changed).toBe(true);
  expect(log).toContain('@refused nothing\n@strands sshd.service\n@nix-deploy refused it\n');
});

it('nothing is activated where what runs cannot be noted', async () => {
  const runs = await machine.running();
  onTestFinished(async () => void (await machine.sh('umount /var/lib/nix-deploy')));
  const tiny = 'mount -t tmpfs -o size=64k tmpfs /var/lib/nix-deploy';
  await machine.sh(tiny);
  await expect(deploy(machine.target, { source: { storePath: systems.two } })).rejects.toMatchObject({
    code: 'PREFLIGHT_FAILED',
    problems: [{ check: 'state-full', message: expect.stringContaining('64 KiB are free') }],
  });
  // Room enough, and no inode for the notes.
  await machine.sh('mount -o remount,size=4M,nr_inodes=11 /var/lib/nix-deploy');
  await expect(deploy(machine.target, { source: { storePath: systems.two } })).rejects.toMatchObject({
    code: 'SWITCH_FAILED',
    restoration: 'untouched',
    message: expect.stringContaining('could not be noted in /var/lib/nix-deploy'),
  });
  expect(await machine.running()).toBe(runs);
});

it('a specialisation that the system has not is named by the plan', async () => {
  await expect(
    plan(machine.target, { source: { storePath: systems.two }, specialisation: 'night' }),
  ).rejects.toMatchObject({
    problems: [{ check: 'no-specialisation', message: expect.stringMatching(/ night; it has none$/) }],
  });
});

describe('in a container, whose activation links /sbin/init', () => {
  const original = async (): Promise<string> => await machine.sh('readlink /sbin/init');

  it('nothing of it boots before the confirmation, and it boots afterwards', async () => {
    const before = await original();
    onTestFinished(async () => void (await machine.sh(`ln -sfn '${before}' /sbin/init`)));
    const unchanged = {
      type: 'command',
      argv: ['sh', '-c', `[ "$(readlink /sbin/init)" = '${before}' ]`],
    } as const;
    await expect(
      deploy(machine.target, {
        source: { storePath: systems.init },
        healthChecks: [unchanged, { type: 'command', argv: ['false'], timeout: 1000 }],
      }),
    ).rejects.toMatchObject({
      code: 'HEALTH_CHECK_FAILED',
      message: expect.not.stringContaining('readlink'),
      restoration: 'restored',
    });
    expect(await original()).toBe(before);

    await deploy(machine.target, { source: { storePath: systems.init }, healthChecks: [unchanged] });
    expect(await original()).toBe(`${systems.init}/init`);
  });
});

describe('what the connection may stand on', () => {
  beforeAll(async () => {
    const standIn =
      '#!/bin/sh\ncase $1 in --cleanup) exit 0 ;; esac\nsystemd-notify --ready\nexec sleep infinity\n';
    await machine.host.writeFile('/usr/local/bin/tailscaled', standIn, { mode: 0o755 });
    await machine.host.writeFile('/usr/local/bin/tailscale', '#!/bin/sh\n', { mode: 0o755 });
    const { tailnet } = await machine.build({
      tailnet: marked('tailnet', 'services.tailscale.enable = true;'),
    });
    await deploy(machine.target, {
      source: { storePath: tailnet },
      healthChecks: [{ type: 'units', units: ['tailscaled.service'] }],
    });
  });

  it('is not stopped by a deploy, and the plan says what it touches', async () => {
    const before = await state();
    await expect(deploy(machine.target, { source: { storePath: systems.profile } })).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      problems: [{ check: 'connection', message: expect.stringContaining('tailscaled.service') }],
    });
    expect(await state()).toBe(before);
    const planned = await plan(machine.target, { source: { storePath: systems.profile } });
    expect(planned.units?.stopped).toEqual(['tailscaled.service']);
    expect(planned.connection).toEqual(['tailscaled.service']);
    expect(planned.problems).toMatchObject([{ check: 'connection' }]);
  });

  it('is stopped where that is allowed by its name', async () => {
    const source = { storePath: systems.profile };
    const mayStop = ['tailscaled.service'];
    expect((await plan(machine.target, { source, mayStop })).problems).toEqual([]);
    expect(await deploy(machine.target, { source, mayStop })).toMatchObject({ changed: true });
    expect(await machine.sh('systemctl is-active tailscaled || :')).toBe('inactive');
  });
});

it('a profile other than system gets its folder', async () => {
  await machine.sh('rm -rf /nix/var/nix/profiles/system-profiles');
  const result = await deploy(machine.target, { source: { storePath: systems.profile }, profile: 'web' });
  expect(result).toMatchObject({ changed: true, generation: 1 });
  expect(await machine.sh('readlink -f /nix/var/nix/profiles/system-profiles/web')).toBe(systems.profile);
});
