import { IncusError } from '../errors.ts';
import type { Readiness } from './conditions.ts';

/** An instance did not become ready. `seen` is the last that was known of it, `missing` what was still waited for. */
export class NotReadyError extends IncusError {
  override readonly name = 'NotReadyError';
  declare readonly code: 'NOT_READY';
  readonly instance: string;
  readonly missing: readonly string[];
  readonly seen: Readiness;

  constructor(
    instance: string,
    why: string,
    missing: readonly string[],
    seen: Readiness,
    options?: ErrorOptions,
  ) {
    super(
      'NOT_READY',
      `${instance} ${why}; waited for ${missing.join(', ')}; last seen: ${JSON.stringify(seen)}`,
      options,
    );
    this.instance = instance;
    this.missing = missing;
    this.seen = seen;
  }
}
