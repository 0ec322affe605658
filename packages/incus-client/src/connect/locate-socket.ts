import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** A socket of this machine, and the project that belongs to it. */
export interface LocatedSocket {
  readonly socketPath: string;
  /** Set for the user socket: `user-<uid>`. */
  readonly project?: string | undefined;
}

/**
 * Where this machine's daemon listens, in the order of the `incus` command: `INCUS_SOCKET`, `INCUS_DIR`, /run/incus,
 * /var/lib/incus; where that socket is not for us, the user socket beside it, with the project `user-<uid>`.
 */
export function locateSocket(env: Readonly<Record<string, string | undefined>> = process.env): LocatedSocket {
  const named = env['INCUS_SOCKET'];
  if (named !== undefined && named !== '') return { socketPath: named };
  const folder = env['INCUS_DIR'];
  const folders = folder !== undefined && folder !== '' ? [folder] : ['/run/incus', '/var/lib/incus'];
  for (const candidate of folders) {
    const socketPath = join(candidate, 'unix.socket');
    if (readable(socketPath)) return { socketPath };
    const userSocket = join(candidate, 'unix.socket.user');
    if (readable(userSocket)) return { socketPath: userSocket, project: `user-${process.getuid?.() ?? 0}` };
  }
  return { socketPath: join(folders.at(-1) ?? '/var/lib/incus', 'unix.socket') };
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
