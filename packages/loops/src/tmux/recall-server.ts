import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isErrno } from '@cutover/foundation/errno';
import { endProcess } from '../processes/end-process.ts';
import { listens } from './tmux-server.ts';

/** How long a server may take to make its socket again, in milliseconds. */
const patience = 1000;

/**
 * Has a tmux server whose socket was deleted make it again (SIGUSR1; tmux(1)): while it is missing no process finds the server, and a
 * second one would be started beside it.
 *
 * @returns whether one listens there now.
 */
export async function recallTmuxServer(socket: string): Promise<boolean> {
  const pid = await findServer(socket);
  if (pid === undefined) return false;
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  endProcess(pid, 'SIGUSR1');
  const end = performance.now() + patience;
  while (!(await listens(socket))) {
    if (performance.now() > end) return false;
    await delay(10);
  }
  return true;
}

/** The server that this user started for a socket, by its command line; those of its clients have no `-D`. */
async function findServer(socket: string): Promise<number | undefined> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = await ownCommandLine(`/proc/${name}`);
    if (words.includes('-D') && words[words.indexOf('-S') + 1] === socket) return Number(name);
  }
  return undefined;
}

async function ownCommandLine(place: string): Promise<string[]> {
  try {
    const { uid } = await stat(place);
    return uid === process.getuid?.() ? (await readFile(`${place}/cmdline`, 'utf8')).split('\0') : [];
  } catch (error) {
    // It ended meanwhile.
    if (isErrno(error, 'ENOENT', 'ESRCH')) return [];
    throw error;
  }
}
