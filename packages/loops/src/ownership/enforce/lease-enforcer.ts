import type { LeaseRecord } from '../lease-file.ts';

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
