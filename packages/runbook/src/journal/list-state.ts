import type { PlannedStep } from './entry.ts';
import type { StepRecord } from './step-record.ts';

/** What the journal says of one list of steps. */
export interface ListState {
  planHash: string;
  plan: readonly PlannedStep[];
  readonly steps: Map<string, StepRecord>;
  /** When a run of it last ended with all of it verified, ISO 8601. */
  completed: string | undefined;
}
