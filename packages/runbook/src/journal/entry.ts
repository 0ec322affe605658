import type { Choice } from '../engine/choose.ts';
import type { Evidence } from '../engine/json.ts';
import type { Phase } from '../engine/phase.ts';
import type { Words } from '../engine/words.ts';
import type { Statement } from './statement.ts';

/** A step as it was reviewed: what makes the plan's hash, and what status and report show without the runbook. */
export type PlannedStep = {
  readonly id: string;
  readonly version: number;
  /** The id of one of the runbook's phases. */
  readonly phase: string;
  readonly title: string;
  /** The machines that it works on; for show, and not part of what is reviewed. */
  readonly on?: readonly string[];
  readonly kind: 'reversible' | 'compensable' | 'irreversible';
  readonly needs: readonly string[];
  readonly inputHash: string;
  readonly gate?: 'approval' | 'human';
  readonly commitPoint?: 'C1' | 'C2';
  /** Milliseconds that one call may take; for show, and not part of what is reviewed. */
  readonly timeout: number;
};

/** What happened, without the envelope that the journal adds. */
export type JournalEvent =
  | {
      readonly type: 'plan';
      readonly planHash: string;
      readonly runbook: string;
      readonly phases: readonly Phase[];
      readonly words: Words;
      readonly steps: readonly PlannedStep[];
      readonly standIns: readonly string[];
      /** The list starts over: what was recorded of its steps no longer counts. */
      readonly fresh: boolean;
    }
  /** A person ended the run from another process: nothing new begins. */
  | { readonly type: 'cancelled'; readonly by: string; readonly note?: string | undefined }
  | {
      readonly type: 'run.started';
      readonly mode: RunMode;
      readonly runner: Runner;
      /** The part of the list that it was told to perform; absent: all of it. */
      readonly choice?: Choice | undefined;
    }
  | {
      readonly type: 'run.ended';
      readonly result: RunResultName;
      readonly step?: string | undefined;
      readonly reason?: string | undefined;
    }
  | StepEvent
  /** A person's word about something that cannot be asked. `facts` is what the runbook bound it to. */
  | ({ readonly type: 'attested' } & Statement & { readonly facts: Evidence })
  /** A rollback that could not be completed is given up: what is recorded of it no longer counts. */
  | { readonly type: 'rollback.abandoned' }
  | { readonly type: 'owner'; readonly owner: string; readonly ownerEpoch: number }
  | { readonly type: 'downtime'; readonly edge: 'begins' | 'ends' }
  /**
   * A rollback is complete, or is given up after it came back past C1 (`abandoned`): nothing recorded of the steps counts
   * any more, nor its commit points.
   */
  | { readonly type: 'reset'; readonly abandoned?: true | undefined };

/** Lines about one step carry which version of it, with which inputs, in which attempt. */
export interface StepIdentity {
  readonly step: string;
  readonly stepVersion: number;
  readonly inputHash: string;
  readonly attempt: number;
}

/** What happened in one step, without the envelope that the journal adds. `intent` is written before anything is changed. */
export type StepEvent = StepIdentity &
  (
    | { readonly type: 'intent'; readonly found: string; readonly evidence: Evidence }
    | { readonly type: 'op'; readonly operation: string }
    | { readonly type: 'applied' }
    | {
        readonly type: 'verified';
        /** `satisfied`: found done, not by us. `recovered`: an interrupted attempt had done it. */
        readonly how: 'applied' | 'satisfied' | 'recovered' | 'human';
        readonly evidence: Evidence;
      }
    | { readonly type: 'failed'; readonly during: StepCall; readonly error: RecordedError }
    /** The world is in a state on which no step may act: `unknown` or `conflict`. */
    | {
        readonly type: 'stopped';
        readonly state: 'unknown' | 'conflict';
        readonly reason: string;
        readonly evidence: Evidence;
      }
    | {
        readonly type: 'drift';
        readonly state: 'absent' | 'partial' | 'conflict';
        readonly evidence: Evidence;
        readonly reason?: string;
      }
    | { readonly type: 'commit'; readonly point: 'C1' | 'C2' }
    | {
        readonly type: 'gate.open';
        readonly kind: 'approval' | 'human';
        readonly nonce: string;
        /** The question, or the instructions. */
        readonly text: string;
        readonly evidence: Evidence;
        readonly evidenceHash: string;
        readonly planHash: string;
        /** ISO 8601. */
        readonly expires: string;
      }
    | {
        readonly type: 'gate.approved' | 'gate.denied';
        readonly nonce: string;
        readonly by: string;
        readonly note?: string | undefined;
        /** Where approvers sign: their signature, which is verified again whenever the approval is relied on. */
        readonly signature?: string | undefined;
      }
    /** A person took an approval back before a step was started on it. */
    | {
        readonly type: 'gate.withdrawn';
        readonly nonce: string;
        readonly by: string;
        readonly note?: string | undefined;
      }
    | { readonly type: 'gate.refused'; readonly nonce: string; readonly reason: string }
    | { readonly type: 'gate.expired'; readonly nonce: string }
    | { readonly type: 'undo.intent' }
    | { readonly type: 'undone'; readonly evidence: Evidence }
  );

/** The function of a step that was running. */
export type StepCall = 'check' | 'apply' | 'reattach' | 'verify' | 'undo';

/** What a runner was told: to start or go on (`run`), to go on where a run stopped (`resume`), or to undo (`rollback`). */
export type RunMode = 'run' | 'resume' | 'rollback';

/**
 * How a run ended. `waiting`: at a gate that was not answered in time. `drift`: what was verified does not hold any more. `unsafe`:
 * the world is unknown, or something that is not ours is in the way. `interrupted`: cut off, or cancelled.
 */
export type RunResultName = 'ok' | 'failed' | 'waiting' | 'drift' | 'unsafe' | 'interrupted';

/** The process that wrote the lines that follow. */
export interface Runner {
  readonly pid: number;
  readonly host: string;
  readonly user: string;
  /** Two runners' `mono` can be compared when this is the same. */
  readonly bootId: string;
}

/** An error as the journal keeps it: its `code`, its message, and the messages of its causes. */
export interface RecordedError {
  readonly code: string;
  readonly message: string;
  readonly causes: readonly string[];
  /** The last lines a failed command wrote. */
  readonly output?: string;
}

/** What every line carries besides its event. */
export interface Envelope {
  /** 1 for the first line, then one more for each. */
  readonly seq: number;
  /** The `hash` of the line before; 64 zeros for the first. */
  readonly prevHash: string;
  /** The same in all attempts. */
  readonly runId: string;
  /** The ownership epoch as far as the journal knows it; 0 until it is known. */
  readonly epoch: number;
  /** The list of steps that the line is about: `main`, `rollback`, or one of the runbook's own. */
  readonly list: string;
  /** ISO 8601, UTC. */
  readonly wall: string;
  /** Milliseconds of the machine's monotonic clock. */
  readonly mono: number;
}

/** One line of the journal. */
export type JournalEntry = Envelope & JournalEvent & { readonly hash: string };
