import type { RigConfig } from '../../config/rig-config.ts';
import type { LeaseEnforcer } from './lease-enforcer.ts';
import { systemdEnforcer } from './systemd-enforcer.ts';
import { watchdogEnforcer } from './watchdog-enforcer.ts';

/** A timer of systemd where the rig's units provide one, else a small process. */
export function chooseEnforcer(
  config: RigConfig,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LeaseEnforcer {
  const socket = environment['LOOPS_LEASE_SOCKET'];
  return socket === undefined || socket === '' ? watchdogEnforcer(config) : systemdEnforcer(socket);
}
