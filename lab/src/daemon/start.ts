import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { type LabFolders, checkout, labsFolder, otherRoot } from '../folders.ts';

const program = '/usr/libexec/incus/incusd';

/** This machine's daemon, or the one in {@link otherRoot}; either in a mount namespace that no other program shares. */
function daemonArgv(folders: LabFolders): readonly [string, ...string[]] {
  const argv = [program, '--group', 'root', '--logfile', folders.log] as const;
  const root = otherRoot();
  return root === undefined
    ? [join(checkout(), 'lab', 'src', 'daemon', 'own-mounts.sh'), labsFolder(), ...argv]
    : [join(checkout(), 'lab', 'images', 'incus-7', 'enter'), root, folders.root, ...argv];
}

/** Starts the daemon on its own state folder, in a session of its own, and waits until it serves requests. */
export async function startDaemon(folders: LabFolders, signal?: AbortSignal): Promise<void> {
  await mkdir(folders.incus, { recursive: true, mode: 0o711 });
  const log = await open(`${folders.root}/incusd.out`, 'w');
  try {
    const [command, ...args] = daemonArgv(folders);
    const daemon = spawn(command, args, {
      detached: true,
      // It may outlive the checkout that it was started from.
      cwd: '/',
      stdio: ['ignore', log.fd, log.fd],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        INCUS_DIR: folders.incus,
      },
    });
    daemon.unref();
    const ended = new Promise<string>((resolve) => {
      daemon.once('error', (error) => resolve(error.message));
      daemon.once('exit', (code, by) => resolve(`exit ${code ?? by ?? ''}`));
    });
    const state = await Promise.race([ended, ready(folders.socket, 60_000, signal)]);
    daemon.removeAllListeners();
    if (state !== true) {
      const words = await readFile(`${folders.root}/incusd.out`, 'utf8');
      throw new Error(
        `incusd did not start (${state || 'not ready within 60 s'}):\n${words.split('\n').slice(-12).join('\n')}`,
      );
    }
  } finally {
    await log.close();
  }
}

/** Whether a daemon answers on the socket: on a busy machine that may take long, but where none listens it is known at once. */
export async function isRunning(socketPath: string): Promise<boolean> {
  return (await status(socketPath, '/1.0', 60_000)) === 200;
}

/** Waits for `/internal/ready`, as `incus admin waitready` does: the socket is up before networks and pools are. */
async function ready(
  socketPath: string,
  within: number,
  signal: AbortSignal | undefined,
): Promise<true | ''> {
  const deadline = performance.now() + within;
  while (performance.now() < deadline) {
    if ((await status(socketPath, '/internal/ready')) === 200) return true;
    await sleep(20, undefined, { signal });
  }
  return '';
}

/** The status of one request, `undefined` where no server listens or no answer comes in time. */
function status(socketPath: string, path: string, timeout = 5_000): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, timeout, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}
