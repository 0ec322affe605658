import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { loginAs } from '@cutover/test-support/login';
import { freePort, listening } from '@cutover/test-support/ports';

import type { SshHostOptions } from '../../src/index.ts';

const execute = promisify(execFile);

export interface Dropbear extends AsyncDisposable {
  readonly options: SshHostOptions;
}

/** A dropbear of its own on a free port, for logins as root. Needs dropbear-bin. */
export async function startDropbear(): Promise<Dropbear> {
  const directory = await mkdtemp(join(tmpdir(), 'cutover-dropbear-'));
  const key = join(directory, 'user');
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const hostKey = join(directory, 'host');
  const { stdout } = await execute('dropbearkey', ['-t', 'ed25519', '-f', hostKey]);
  const publicKey = /^ssh-ed25519 \S+/m.exec(stdout)?.[0] ?? '';
  const login = await loginAs(directory, {
    shell: '/bin/sh',
    files: { '.ssh/authorized_keys': await readFile(`${key}.pub`, 'utf8') },
  });
  const port = await freePort();
  const [command, ...args] = [...login, 'dropbear', '-F', '-E', '-p', `127.0.0.1:${port}`, '-r', hostKey];
  const daemon = spawn(command, [...args, '-P', join(directory, 'pid')], { stdio: 'ignore' });
  await listening(port);
  return {
    options: {
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      privateKeyFile: key,
      hostKeys: [publicKey],
    },
    [Symbol.asyncDispose]: async () => {
      daemon.kill('SIGKILL');
      await once(daemon, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
