import { rm } from 'node:fs/promises';
import type { CommandStream, Host } from '@cutover/host';

/** The longest path of a unix socket, and what ssh adds to it while it makes one. */
const longestSocket = 107;
const sshAdds = 17;

/** Whether ssh can make its control socket at this path. */
export function fitsSocket(path: string): boolean {
  return Buffer.byteLength(path) + sshAdds <= longestSocket;
}

/** One ssh connection that others share by its control socket; what has no connection to share makes its own. */
export interface WarmConnection extends AsyncDisposable {
  /** Sees that it is there, or on its way. */
  keep(): Promise<void>;
}

/**
 * A connection by an `ssh -M` of our own, which ends with this process.
 *
 * @param argv the command line of ssh, with `ControlPath` for the socket.
 */
export function warmConnection(here: Host, argv: readonly string[], socket: string): WarmConnection {
  let running: CommandStream | undefined;
  const end = async (): Promise<void> => {
    const ending = running;
    running = undefined;
    await ending?.[Symbol.asyncDispose]();
  };
  return {
    async keep() {
      if (running !== undefined) return;
      // What a killed runner left there: ssh would take it for another's.
      await rm(socket, { force: true });
      const alive = ['-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=2'];
      const master = ['-M', '-N', '-o', 'ControlPersist=no'];
      const started = here.stream(['setpriv', '--pdeathsig', 'KILL', ...argv, ...alive, ...master]);
      running = started;
      started.stdout.resume();
      started.stderr.resume();
      started.exit
        .catch(() => undefined)
        .finally(() => {
          if (running === started) running = undefined;
        });
    },
    [Symbol.asyncDispose]: end,
  };
}
