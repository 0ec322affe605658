import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import { UnavailableError } from './figure.ts';

const execute = promisify(execFile);

/** An sshd of our own on this machine, the same for us and for the ssh command. */
export interface PrivateSshd extends AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
  /** The arguments of `ssh` that reach it, host included. */
  readonly sshArguments: readonly string[];
}

export async function startPrivateSshd(): Promise<PrivateSshd> {
  if (!existsSync('/usr/sbin/sshd'))
    throw new UnavailableError('sshd is not installed: apt-get install openssh-server');
  const directory = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
  const port = await freePort();
  const user = userInfo().username;
  for (const key of ['host', 'user']) {
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, key)]);
  }
  const hostKey = await readFile(join(directory, 'host.pub'), 'utf8');
  await writeFile(join(directory, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}`);
  await writeFile(
    join(directory, 'sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${directory}/host`,
      `AuthorizedKeysFile ${directory}/user.pub`,
      `PidFile none`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'MaxStartups 100',
      'LogLevel FATAL',
      // Else bash reads a .bashrc for each command, which says nothing about ssh.
      'SetEnv SHLVL=2',
      '',
    ].join('\n'),
  );
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const daemon = spawn('/usr/sbin/sshd', ['-D', '-f', join(directory, 'sshd_config')], { stdio: 'ignore' });
  await listening(port);

  const privateKeyFile = join(directory, 'user');
  const knownHostsFile = join(directory, 'known_hosts');
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    `IdentityFile=${privateKeyFile}`,
    `UserKnownHostsFile=${knownHostsFile}`,
    'StrictHostKeyChecking=yes',
  ];
  return {
    directory,
    port,
    user,
    privateKeyFile,
    knownHostsFile,
    sshArguments: [
      '-F',
      'none',
      ...options.flatMap((option) => ['-o', option]),
      '-p',
      `${port}`,
      `${user}@127.0.0.1`,
    ],
    [Symbol.asyncDispose]: async () => {
      const exited = once(daemon, 'exit');
      daemon.kill();
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function listening(port: number): Promise<void> {
  for (let left = 200; ; left -= 1) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (left === 0) throw error;
      await setTimeout(20);
    } finally {
      socket.destroy();
    }
  }
}
