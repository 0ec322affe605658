import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { deploy, plan, withSudoPassword } from '@cutover/nix-deploy';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { type Client, command, startClient } from './client.ts';
import { type Machine, marked, startMachine } from './machine.ts';
import { settle } from './settle.ts';

let machine: Machine;
let client: Client;
let systems: Readonly<Record<'one' | 'three' | 'four' | 'never', string>>;
beforeAll(async () => {
  [machine, client] = await Promise.all([startMachine(), startClient()]);
  systems = await machine.build({
    one: marked('one'),
    three: marked('three'),
    four: marked('four', 'specialisation.other.configuration.environment.etc.other.text = "yes";'),
    never: marked('never', 'system.activationScripts.slow.text = "echo waits; sleep 0.5";'),
  });
  await deploy(machine.target, { source: { storePath: systems.one } });
  await machine.sh('ln -sfn "$(readlink -f /run/current-system)" /run/booted-system');
  await client.configure([machine]);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

const marker = async (): Promise<string> => await machine.sh('cat /etc/marker');
const boots = async (): Promise<string> => await machine.sh('cat /boot/nixos/default');
const units = 'systemd.services.hello = { wantedBy = ["multi-user.target"]; script = "sleep 1000"; };';

describe('plan', () => {
  it('says what would be built, what differs and which units are new, and changes nothing', async () => {
    await machine.declare(marked('two', `${units} system.lab.kernel = "6.7.0-lab";`));
    const { plans } = (await client.json(['plan'])) as { plans: object[] };
    expect(plans).toMatchObject([
      {
        target: machine.name,
        action: 'switch',
        problems: [],
        unchanged: false,
        disagreements: [],
        inhibitors: [],
        generation: 1,
        units: { added: expect.arrayContaining(['hello.service']), removed: [] },
        closure: { packages: expect.arrayContaining([expect.objectContaining({ name: 'system-units' })]) },
        rebootFor: expect.arrayContaining(['kernel', 'initrd']),
      },
    ]);
    expect(JSON.stringify(plans)).toContain('.drv');
    expect(await machine.history()).toBe('1 of 1');
    expect(await marker()).toBe('one');

    const { exitCode, stdout } = await client.run(['plan', '--no-build']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${machine.name} · switch · generation 1`);
  });
});

describe('deploy --action', () => {
  it('dry-activate says what would be done', async () => {
    const { exitCode, stderr } = await client.run(['deploy', '--action', 'dry-activate']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('would activate the configuration');
    expect(await marker()).toBe('one');
    expect(await machine.history()).toBe('1 of 1');
  });

  it('boot leaves what runs alone, and is what boots', async () => {
    const runs = await machine.running();
    const { exitCode } = await client.run(['deploy', '--action', 'boot']);
    expect(exitCode).toBe(0);
    expect(await machine.running()).toBe(runs);
    expect(await machine.history()).toBe('2 of 1 2');
    expect(await boots()).not.toBe(runs);
    expect(await machine.sh('systemctl is-active hello || :')).toBe('inactive');
  });

  it('test runs it, and leaves profile and boot loader alone', async () => {
    const before = await boots();
    const result = await deploy(machine.target, { source: { storePath: systems.three }, action: 'test' });
    expect(result).toMatchObject({ changed: true, generation: 2, rebootNeeded: false });
    expect(await marker()).toBe('three');
    expect(await machine.history()).toBe('2 of 1 2');
    expect(await boots()).toBe(before);
  });

  it('switch to a specialisation runs that and boots the system; a second time nothing is done', async () => {
    const first = await client.run(['deploy', '--store-path', systems.four, '--specialisation', 'other']);
    expect(first.exitCode).toBe(0);
    expect(await machine.sh('cat /etc/other')).toBe('yes');
    expect(await machine.history()).toBe('3 of 1 2 3');
    expect(await machine.running()).toBe(
      await machine.sh(`readlink -f ${await boots()}/specialisation/other`),
    );

    const second = await deploy(machine.target, {
      source: { storePath: systems.four },
      specialisation: 'other',
    });
    expect(second.changed).toBe(false);
    expect(await machine.history()).toBe('3 of 1 2 3');
  });

  it('names the specialisations that there are, where there is none of that name', async () => {
    const before = await machine.running();
    const specialisation = ['--specialisation', 'none', '--force'];
    const { exitCode, stderr } = await client.run([
      'deploy',
      '--store-path',
      systems.four,
      ...specialisation,
    ]);
    expect(stderr).toContain(`${systems.four} has no specialisation none; it has other; nothing was changed`);
    expect(exitCode).toBe(15);
    expect(await machine.running()).toBe(before);
  });

  it('check runs the pre-switch checks only, and the boot loader is written again where that is wanted', async () => {
    const before = [await machine.running(), await machine.history()];
    const check = await client.run(['deploy', '--store-path', systems.one, '--action', 'check']);
    expect(check).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('the pre-switch checks pass'),
    });
    expect([await machine.running(), await machine.history()]).toEqual(before);
    expect(await machine.sh('ls /boot/nixos')).not.toContain('installed');
    await deploy(machine.target, {
      source: { storePath: systems.four },
      force: true,
      installBootLoader: true,
    });
    expect(await machine.sh('ls /boot/nixos')).toContain('installed');
  });

  it('of a configuration that the flake has not says where its name comes from', async () => {
    const { exitCode, stderr } = await client.run(['deploy', '--flake', 'path:/srv/flake#none']);
    expect(stderr).toContain('nixosConfigurations."none"');
    expect(stderr).toContain('the configuration bears the host name of the target, unless FLAKE#NAME');
    expect(exitCode).toBe(12);
  });

  it.each([
    ['deploy', 'target'],
    ['deploy', 'here'],
    ['plan', 'target'],
    ['plan', 'here'],
  ])('%s of a system that is not there (%s) is refused before anything is begun', async (verb, place) => {
    const missing = `/nix/store/${'0'.repeat(32)}-nixos-system-none`;
    const system = ['--store-path', missing, '--build-on', place];
    const { exitCode, stderr } = await client.run([verb, ...system]);
    expect(stderr).toContain(`no-system: ${missing} is not in the store of `);
    expect(exitCode).toBe(10);
  });

  it('of a flake that does not evaluate has an exit code of its own', async () => {
    await machine.declare('{ ... }: { environment.etc.marker.text = thereIsNoSuchThing; }\n');
    const { exitCode, stderr } = await client.run(['deploy']);
    expect(stderr).toContain('thereIsNoSuchThing');
    expect(exitCode).toBe(12);
  });
});

describe('interrupted before the confirmation', () => {
  it('the deploy is revoked at once, and the exit code says by what', async () => {
    const before = [await machine.running(), await machine.history()];
    // However late the interrupt comes, it comes before the confirmation.
    onTestFinished(async () => await client.configure([machine]));
    await client.configure([machine], { healthChecks: [{ type: 'command', argv: ['sleep', '60'] }] });
    const running = client.start(['deploy', '--json', '--store-path', systems.never]);
    await running.line('waits');
    running.process.kill('SIGINT');
    const { exitCode } = await running.exit;
    expect(exitCode).toBe(130);
    await settle(machine);
    expect([await machine.running(), await machine.history()]).toEqual(before);
  });
});

describe('by a user with sudo', () => {
  const sudoers = '/etc/sudoers.d/deployer';
  beforeAll(async () => {
    await machine.sh(`
      useradd --create-home --shell /bin/sh deployer
      install -d -o deployer -m 700 ~deployer/.ssh
      install -o deployer -m 600 /root/.ssh/authorized_keys ~deployer/.ssh/authorized_keys`);
  });

  it('that is not there, preflight refuses and says what to do', async () => {
    const sudo = await machine.sh('command -v sudo');
    onTestFinished(async () => void (await machine.sh(`mv ${sudo}.away ${sudo}`)));
    await machine.sh(`mv ${sudo} ${sudo}.away`);
    await client.configure([machine], { sudo: true }, 'deployer');
    const { exitCode, stderr } = await client.run(['deploy']);
    expect(stderr).toContain('no-sudo: there is no sudo');
    expect(stderr).toContain('or connect as root; run0 and doas are not used in its place');
    expect(exitCode).toBe(10);
  });

  it('that asks for a password, preflight refuses', async () => {
    await expect(
      deploy(machine.targetAs('deployer'), { source: machine.source, sudo: true }),
    ).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      problems: [expect.objectContaining({ check: 'not-root', message: expect.stringContaining('sudo -n') })],
    });
  });

  it('that asks for a password, it is told, and everything goes as for root', async () => {
    await machine.sh(`
      echo 'deployer:a secret' | chpasswd
      echo 'deployer ALL=(ALL) ALL' > ${sudoers} && chmod 440 ${sudoers}`);
    const target = withSudoPassword(machine.targetAs('deployer'), 'a secret');
    const source = { storePath: await machine.running() };
    expect(await deploy(target, { source, sudo: true, force: true })).toMatchObject({ changed: true });
    await expect(
      deploy(withSudoPassword(machine.targetAs('deployer'), 'another'), { source, sudo: true }),
    ).rejects.toMatchObject({ problems: [expect.objectContaining({ check: 'not-root' })] });
  });

  it('that is asked for on a terminal is not shown there, however soon it is typed', async () => {
    const line = [process.execPath, command, 'generations', 'nobody@127.0.0.1:1', '--ask-sudo-password'];
    const child = spawn('script', ['-qec', line.join(' '), '/dev/null'], { stdio: 'pipe' });
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const asked = shown.includes('Password');
      shown += chunk.toString();
      if (!asked && shown.includes('Password')) child.stdin.write('typed at once\r');
    });
    await once(child, 'close');
    expect(shown).toContain('Password of sudo');
    expect(shown).not.toContain('typed');
  });

  it('that asks for none, everything goes as for root', async () => {
    await machine.sh(`echo 'deployer ALL=(ALL) NOPASSWD: ALL' > ${sudoers} && chmod 440 ${sudoers}`);
    await client.configure([machine], { sudo: true }, 'deployer');
    await machine.declare(marked('five', 'system.activationScripts.x.text = "id -u > /run/activated-by";'));
    const { exitCode, stderr } = await client.run(['deploy']);
    expect(stderr).toContain('confirming on a fresh connection');
    expect(exitCode).toBe(0);
    expect(await marker()).toBe('five');
    expect(await machine.sh('cat /run/activated-by')).toBe('0');
    expect(await machine.history()).toBe('4 of 1 2 3 4');
    const planned = await plan(machine.targetAs('deployer'), { source: machine.source, sudo: true });
    expect(planned).toMatchObject({ unchanged: true, problems: [] });
  });
});

describe('generations', () => {
  it('says what is active, runs and booted, and what each one changed', async () => {
    const { targets } = (await client.json(['generations'])) as {
      targets: { generations: { number: number; changes?: object }[] }[];
    };
    const all = targets[0]?.generations ?? [];
    expect(all.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(all.at(-1)).toMatchObject({ active: true, current: true, booted: false });
    expect(all[0]).not.toHaveProperty('changes');
    expect(JSON.stringify(all[1]?.changes)).toContain('system-units');

    const { stdout } = await client.run(['generations']);
    expect(stdout).toMatch(/system-units: ε → ε/);
  });
});

describe('rollback', () => {
  it('goes to the generation before, as a deploy; one that is not there has its own exit code', async () => {
    const { exitCode, stdout } = await client.run(['rollback']);
    expect(stdout).toContain('generation 3 is active');
    expect(exitCode).toBe(0);
    expect(await marker()).toBe('four');
    expect(await machine.history()).toBe('3 of 1 2 3 4');
    expect((await client.run(['rollback', '--to', '99'])).exitCode).toBe(22);
  });
});

describe('gc', () => {
  it('deletes what is old, and never what is active, runs or booted', async () => {
    await machine.sh(
      'for n in 1 2 3 4; do touch -h -d "30 days ago" /nix/var/nix/profiles/system-$n-link; done; ln -sfn "$(readlink -f /nix/var/nix/profiles/system-1-link)" /run/booted-system',
    );
    const dry = await client.json(['gc', '--keep', '1', '--dry-run']);
    expect(dry).toMatchObject({ targets: [{ deleted: [2], kept: [1, 3, 4] }] });
    expect(await machine.history()).toBe('3 of 1 2 3 4');

    const gone = await machine.sh('readlink -f /nix/var/nix/profiles/system-2-link');
    const done = await client.json(['gc', '--keep', '1']);
    expect(done).toMatchObject({ targets: [{ deleted: [2], kept: [1, 3, 4], freed: expect.any(Number) }] });
    expect(await machine.history()).toBe('3 of 1 3 4');
    expect(await machine.sh(`[ -e ${gone} ] || echo gone`)).toBe('gone');
    expect(await machine.sh('[ -e "$(readlink -f /run/booted-system)" ] && echo there')).toBe('there');
  });
});
