import { createHost, type Host, HostConnectionError, HostOptionError } from '@cutover/host-contract';

import { opensshTransport } from '../openssh/openssh-transport.ts';
import { nameOf } from './destination.ts';
import { type Link, openLink } from './link.ts';
import { createLinkPool } from './link-pool.ts';
import type { SshHostOptions } from './options.ts';
import { untilAborted } from '@cutover/foundation/until-aborted';

/**
 * A machine behind ssh. The connection is made by the first call and shared by all; after it was lost, the next call
 * makes a new one. Its commands run by way of the user's login shell and `sh`.
 *
 * @example
 * await using pi = sshHost({ host: 'pi', user: 'root', privateKeyFile: '/root/.ssh/id_ed25519' });
 * const { stdout } = await pi.run(['nixos-version'], { timeout: 10_000 });
 */
export function sshHost(options: SshHostOptions): Host {
  const name = options.name ?? nameOf(options);
  if (options.jump !== undefined && options.proxy !== undefined) {
    throw new HostOptionError(name, 'proxy', 'with a jump, give the proxy to the jump');
  }
  if (options.client === 'openssh') return createHost(opensshTransport(name, options));
  let current: Promise<Link> | undefined;
  const disposal = new AbortController();

  const open = async (): Promise<Link> => {
    try {
      const link = await openLink(name, options, disposal.signal);
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

  // For servers that grant one session on a connection. And for dropbear: it (2022.83) closes sessions before they begin, or
  // crashes, when several on a connection begin and end at once.
  const alone = createLinkPool(
    async () => await openLink(name, { ...options, maxSessions: 1 }, disposal.signal),
  );

  return createHost({
    name,
    spawn: async (command) => {
      disposal.signal.throwIfAborted();
      // A call that gives up leaves the connection to the others that wait for it.
      const link = await untilAborted(command.signal, (current ??= open()));
      const oneEach = link.single || link.connection.server.includes('dropbear');
      return await (oneEach ? alone.spawn(command) : link.spawn(command));
    },
    close: async () => {
      disposal.abort(new HostConnectionError('CONNECTION_FAILED', name, `${name} has been disposed of`));
      const [opened] = await Promise.allSettled([current]);
      if (opened.status === 'fulfilled') await opened.value?.close();
      await alone.close();
    },
  });
}
