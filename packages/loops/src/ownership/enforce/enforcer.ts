import type { RigConfig } from '../../config/rig-config.ts';
import type { LeaseRecord } from '../lease-file.ts';
import { systemdEnforcer } from './systemd-enforcer.ts';
import { watchdogEnforcer } from './watchdog-enforcer.ts';

/** Ends a rig's loops from outside the supervisor when their lease runs out. */
export interface LeaseEnforcer {
  readonly kind: 'systemd' | 'watchdog';
  /**
   * Resolves when the loops will be ended at the record's `killAt`, whatever becomes of this process.
   *
   * @throws {LeaseUnenforcedError} it cannot be told that they will; an earlier lease still counts.
   */
  arm(record: LeaseRecord): Promise<void>;
}

/** A timer of systemd where the rig's units provide one, else a small process. */
export function chooseEnforcer(
  config: RigConfig,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LeaseEnforcer {
  const socket = environment['LOOPS_LEASE_SOCKET'];
  return socket === undefined || socket === '' ? watchdogEnforcer(config) : systemdEnforcer(socket);
}
