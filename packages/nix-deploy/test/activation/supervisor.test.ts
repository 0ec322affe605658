import { mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { expect, it, onTestFinished } from 'vitest';

import supervisorScript from '../../src/activation/supervisor.sh';
import switchLockScript from '../../src/target/switch-lock.sh';

/** A machine in a folder: two systems, whose activation links them to `current`, and what the supervisor calls. */
async function makeMachine(activation = 'ln -sfn "$top" "$current"'): Promise<{
  readonly folder: string;
  readonly deploy: string;
  read(path: string): Promise<string>;
  target(link: string): Promise<string>;
  supervise(mode: 'run' | 'recover', action: 'switch' | 'boot'): Promise<string>;
}> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'supervisor-')));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const deploy = join(folder, 'state/deploys/d');
  await mkdir(deploy, { recursive: true });
  await mkdir(join(folder, 'bin'));
  const program = async (path: string, text: string): Promise<void> =>
    await writeFile(join(folder, path), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  await program('bin/systemctl', '');
  await program(
    'bin/nix-env',
    'echo "nix-env $*"; [ "$3" = --set ] && ln -sfn system-2-link "$2" || ln -sfn "system-$4-link" "$2"',
  );
  for (const [number, name] of ['old', 'new'].entries()) {
    await mkdir(join(folder, name, 'bin'), { recursive: true });
    await program(
      `${name}/bin/switch-to-configuration`,
      `echo "${name} $1"; top=${folder}/${name} current=${folder}/current; [ "$1" = test ] || exit 0; ${name === 'new' ? activation : 'ln -sfn "$top" "$current"'}`,
    );
    await symlink(join(folder, name), join(folder, `system-${number + 1}-link`));
  }
  await symlink('system-1-link', join(folder, 'system'));
  await symlink(join(folder, 'old'), join(folder, 'current'));
  await writeFile(join(deploy, 'log'), '');
  const host = localHost();
  onTestFinished(async () => await host[Symbol.asyncDispose]());
  await host.run(['mkfifo', join(deploy, 'wake')]);
  const text = `${switchLockScript}${supervisorScript}`;
  const read = async (path: string): Promise<string> => await readFile(join(folder, path), 'utf8');
  return {
    folder,
    deploy,
    read,
    target: async (link) => await realpath(join(folder, link)),
    supervise: async (mode, action) => {
      const system = join(folder, 'new');
      const request = [
        'd',
        join(folder, 'system'),
        system,
        system,
        action,
        2,
        60,
        join(folder, 'current'),
        'new',
        'me',
      ];
      await writeFile(join(deploy, 'request'), request.map((line) => `${line}\n`).join(''));
      const PATH = `${join(folder, 'bin')}:${process.env['PATH']}`;
      await host.run(['sh', '-c', text, 'supervisor', mode, deploy], { env: { PATH } });
      return (await read('state/deploys/d/outcome')).trim();
    },
  };
}

it('activates nothing that it could not restore: a note that cannot be written is found out before', async () => {
  const machine = await makeMachine('ln -sfn "$top" "$current"; exit 1');
  // A disk that is full keeps a note from being written.
  await mkdir(join(machine.deploy, 'activating'));
  expect(await machine.supervise('run', 'switch')).toBe('untouched');
  expect(await machine.target('current')).toBe(join(machine.folder, 'old'));
  expect(await machine.read('state/deploys/d/log')).not.toContain('new test');
});

it('leaves the profile alone where it could not note that it has to be put back', async () => {
  const machine = await makeMachine();
  await mkdir(join(machine.deploy, 'profile-changed'));
  expect(await machine.supervise('run', 'boot')).toBe('restored');
  expect(await machine.target('system')).toBe(join(machine.folder, 'old'));
  expect(await machine.read('state/deploys/d/log')).toContain('@nix-deploy d boot-loader 1');
});

it('restores a machine that has no running system any more: no other program has activated one', async () => {
  const machine = await makeMachine('rm "$current"; exit 1');
  expect(await machine.supervise('run', 'switch')).toBe('restored');
  expect(await machine.target('current')).toBe(join(machine.folder, 'old'));
});

it('goes back to what ran before when nothing confirms it in time', async () => {
  const machine = await makeMachine();
  expect(await machine.supervise('run', 'switch')).toBe('restored');
  const log = await machine.read('state/deploys/d/log');
  expect(log).toContain('@nix-deploy d decided expired');
  // Another user who can read it could hold it.
  expect((await stat(join(machine.folder, 'state/activation.lock'))).mode & 0o777).toBe(0o600);
  expect(await machine.target('current')).toBe(join(machine.folder, 'old'));
});
