import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type Login, loginAs } from './login.ts';
import { freePort, listening } from './ports.ts';

const execute = promisify(execFile);
const sshdPath = '/usr/sbin/sshd';

/** A private sshd with keys and a configuration of its own, on a free port of this machine. */
export interface Sshd extends AsyncDisposable {
  /** How to reach it, host key pinned; options of `sshHost()`. */
  readonly options: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly privateKeyFile: string;
    readonly hostKeys: readonly string[];
  };
  readonly directory: string;
  readonly hostKey: string;
  /** Ends sshd with the connections it has. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

interface SshdOptions {
  /** The types of the keys it has; each is in `directory`, as `host_TYPE`. */
  readonly hostKeyTypes?: readonly string[];
  /** Further lines of its configuration. */
  readonly configuration?: readonly string[];
  /** What runs it, e.g. `unshare` with namespaces of its own; it has to take sshd with it when it is killed. */
  readonly within?: readonly string[];
  /** Needs root. */
  readonly login?: Login;
}

/** Needs openssh-server; logs in as the user of this process. */
export async function startSshd({
  hostKeyTypes = ['ed25519'],
  configuration = [],
  within = [],
  login,
}: SshdOptions = {}): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), 'cutover-sshd-'));
  const generate = async (type: string, name: string): Promise<void> => {
    await execute('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', join(directory, name)]);
  };
  for (const type of hostKeyTypes) await generate(type, `host_${type}`);
  await generate('ed25519', 'user');
  await writeFile(join(directory, 'authorized_keys'), await readFile(join(directory, 'user.pub')));
  const port = await freePort();
  await writeFile(
    join(directory, 'sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeyTypes.map((type) => `HostKey ${directory}/host_${type}`),
      `AuthorizedKeysFile ${directory}/authorized_keys`,
      `PidFile ${directory}/pid`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      'MaxStartups 100',
      'LogLevel FATAL',
      // Without it, bash reads the .bashrc of the user who runs the tests for each command.
      ...(login === undefined ? ['SetEnv SHLVL=2'] : []),
      ...configuration,
      '',
    ].join('\n'),
  );
  // sshd wants its privilege separation directory, which only its service makes.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });

  const runner = login === undefined ? within : [...within, ...(await loginAs(directory, login))];
  const hostKey = (await readFile(join(directory, `host_${hostKeyTypes[0]}.pub`), 'utf8')).trim();
  let daemon: ReturnType<typeof spawn> | undefined;
  const start = async (): Promise<void> => {
    const [command, ...args] = [...runner, sshdPath, '-D', '-e', '-f', join(directory, 'sshd_config')];
    daemon = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await listening(port);
  };
  const stop = async (): Promise<void> => {
    if (daemon?.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const exited = once(daemon, 'exit');
    for (const pid of await sessionsOf(daemon.pid)) killIfThere(pid);
    daemon.kill('SIGKILL');
    await exited;
  };
  await start();

  return {
    directory,
    hostKey,
    options: {
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      privateKeyFile: join(directory, 'user'),
      hostKeys: [hostKey],
    },
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One that served a connection until just now has ended by itself. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The processes of sshd that serve connections. */
async function sessionsOf(daemon: number): Promise<number[]> {
  const { stdout } = await execute('ps', ['-o', 'pid=', '--ppid', String(daemon)]).catch(() => ({
    stdout: '',
  }));
  return stdout.split('\n').filter(Boolean).map(Number);
}
