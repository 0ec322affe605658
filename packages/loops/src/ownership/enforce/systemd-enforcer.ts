import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { LeaseUnenforcedError } from '../ownership-errors.ts';
import type { LeaseEnforcer } from './lease-enforcer.ts';

/** How long systemd may take to arm a timer, in milliseconds. */
const patience = 15_000;

/** @param socket where `loops-lease-<rig>.socket` listens; arm-lease.sh answers there, as root. */
export function systemdEnforcer(socket: string): LeaseEnforcer {
  return {
    kind: 'systemd',
    async arm({ killAt }) {
      const connection = connect(socket);
      // What goes wrong is told by the reading below; a write may fail once that is over.
      connection.on('error', () => undefined);
      connection.setTimeout(patience, () =>
        connection.destroy(new Error(`no answer in ${patience / 1000} s`)),
      );
      try {
        await once(connection, 'connect');
        connection.write(`${killAt}\n`);
        const answer = (await text(connection)).trim();
        if (answer !== 'armed') throw new Error(answer === '' ? 'it gave no answer' : answer);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new LeaseUnenforcedError(`${socket}: ${why}; look at the unit's journal`, { cause });
      } finally {
        connection.destroy();
      }
    },
  };
}
