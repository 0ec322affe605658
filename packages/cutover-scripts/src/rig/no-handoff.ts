import { formatDuration } from '@cutover/foundation/duration';
import { CutoverError } from '../errors.ts';

/** The first handoff on the new host, as far as it has come. */
export type Handoff = {
  readonly complete: boolean;
  /** The new commit, which was claimed where the rig has claims. */
  readonly commit: string | null;
  /** How many commits it is ahead of where the old rig stopped. */
  readonly newCommits: number;
  readonly claimed: boolean;
  /** What the reviewer said of that very commit. */
  readonly verdict: string | null;
};

/** The loops run on the new host and did not hand work over in time. `seen` is how far the handoff had come. */
export class NoHandoffError extends CutoverError {
  override readonly name = 'NoHandoffError';
  readonly code = 'NO_HANDOFF';
  readonly seen: Handoff;

  constructor(host: string, missing: string, timeout: number, seen: Handoff) {
    super(
      `the loops run on ${host}, but ${missing} was seen within ${formatDuration(timeout)}. ` +
        'What they do say there: loops status, loops logs LOOP; then resume',
    );
    this.seen = seen;
  }
}
