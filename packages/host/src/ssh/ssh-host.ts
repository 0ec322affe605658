import { createHost } from '../create-host.ts';
import { HostConnectionError } from '../errors.ts';
import type { Host } from '../host.ts';
import { openLink, type Link } from './link.ts';
import type { SshHostOptions } from './options.ts';

/**
 * A machine behind ssh. The connection is made by the first call and shared by all; after it was lost, the next call
 * makes a new one. Its commands run by way of the user's login shell (POSIX or fish) and `sh`.
 */
export function sshHost(options: SshHostOptions): Host {
  if (options.jump !== undefined && options.proxy !== undefined) {
    throw new TypeError('sshHost takes jump or proxy, not both: give the proxy to the jump');
  }
  const name = options.name ?? `${options.user}@${options.host}`;
  let current: Promise<Link> | undefined;
  let disposed = false;

  const open = async (): Promise<Link> => {
    try {
      const link = await openLink(name, options);
      link.connection.onLost(forget);
      return link;
    } catch (error) {
      forget();
      throw error;
    }
  };
  const forget = (): void => {
    current = undefined;
  };

  return createHost({
    name,
    spawn: async (command) => {
      if (disposed) throw new HostConnectionError('CONNECTION_FAILED', name, `${name} has been disposed of`);
      const link = await (current ??= open());
      return await link.spawn(command);
    },
    close: async () => {
      disposed = true;
      const opened = await Promise.allSettled([current]);
      if (opened[0].status === 'fulfilled') await opened[0].value?.connection.close();
    },
  });
}
