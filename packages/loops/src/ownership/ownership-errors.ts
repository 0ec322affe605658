import { LoopsError } from '../errors.ts';
import { describeOwnership, type HeldDocument, type Ownership, type ReleasedDocument } from './document.ts';

/** Something else is there than a compare-and-swap expected; nothing was changed. */
export class OwnershipConflictError extends LoopsError {
  override readonly name = 'OwnershipConflictError';
  readonly expected: HeldDocument | ReleasedDocument | undefined;
  readonly actual: HeldDocument | ReleasedDocument | undefined;

  constructor(
    expected: HeldDocument | ReleasedDocument | undefined,
    actual: HeldDocument | ReleasedDocument | undefined,
  ) {
    super(
      'OWNERSHIP_CONFLICT',
      `expected the ownership ${describeOwnership(expected)}, found it ${describeOwnership(actual)}; nothing was changed. Read it again, then retry`,
    );
    this.expected = expected;
    this.actual = actual;
  }
}

/** The remote that holds the ownership could not be asked. This is never evidence that no host owns the loops. */
export class OwnershipUnknownError extends LoopsError {
  override readonly name = 'OwnershipUnknownError';
  readonly remote: string;

  constructor(remote: string, why: string, options?: ErrorOptions) {
    super('OWNERSHIP_UNKNOWN', `the owner in ${remote} is unknown: ${why}`, options);
    this.remote = remote;
  }
}

/** The ref was deleted, or restored from a backup: a higher epoch was seen before. Nothing was changed. */
export class OwnershipRegressedError extends LoopsError {
  override readonly name = 'OwnershipRegressedError';
  readonly seen: number;
  readonly actual: Ownership | undefined;

  constructor(remote: string, seen: number, actual: Ownership | undefined) {
    super(
      'OWNERSHIP_REGRESSED',
      `the ownership in ${remote} is ${describeOwnership(actual)}, but epoch ${seen} was seen before: the ref was deleted or restored. ` +
        'Look on which host the loops run, then run `cutover unlock --ownership`',
    );
    this.seen = seen;
    this.actual = actual;
  }
}

/** The lease cannot be enforced from outside the supervisor, so no loop may start. */
export class LeaseUnenforcedError extends LoopsError {
  override readonly name = 'LeaseUnenforcedError';

  constructor(why: string, options?: ErrorOptions) {
    super('LEASE_UNENFORCED', `the lease of the loops cannot be enforced: ${why}`, options);
  }
}
