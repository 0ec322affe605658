import type { RigConfig } from '../config/rig-config.ts';
import type { RigEvent, RigEventBody } from '../events/rig-event.ts';
import type { RigStatus, WatchedStatus } from './status.ts';

/** A claim, a verdict, or that the rounds of a plan phase are used up: pushed without the supervisor, and told to it. */
export type Handoff = Extract<RigEventBody, { type: 'claimed' | 'verdict' | 'escalated' }>;

/** What a reload changed, or would change. */
export interface ReloadReport {
  /** Keys of the config that changed, e.g. `quiesce` or `loops.builder.command`. */
  readonly changed: readonly string[];
  /** Loops that are new in the config. */
  readonly added: readonly string[];
  /** Loops that are not in the config any more. */
  readonly removed: readonly string[];
  /** Loops whose agents were started with other words, and so start again. */
  readonly restarted: readonly string[];
  /** Agents that run and whose loops are not in the config; `loops stop NAME` ends them. */
  readonly orphans: readonly { readonly name: string; readonly pid: number }[];
}

/** Loops by their names; all of the rig's without them. */
export interface ChosenLoops {
  readonly names?: readonly string[] | undefined;
}

/** What a supervisor can be asked: the parameters of each request, and its one answer. */
export interface Requests {
  readonly status: { readonly params: object; readonly result: RigStatus };
  /** The config as it is in use; its file may have been edited since. */
  readonly config: { readonly params: object; readonly result: RigConfig };
  /** Apply the config file as it is now. */
  readonly reload: {
    readonly params: {
      /** The file that is meant: a supervisor of another one refuses. */
      readonly path: string;
      /** Only say what would change. Default false. */
      readonly dryRun?: boolean | undefined;
    };
    readonly result: ReloadReport;
  };
  readonly start: { readonly params: ChosenLoops; readonly result: RigStatus };
  readonly stop: { readonly params: ChosenLoops; readonly result: RigStatus };
  readonly restart: {
    readonly params: ChosenLoops & {
      /** Begin new sessions instead of resuming. Default false. */
      readonly fresh?: boolean | undefined;
    };
    readonly result: RigStatus;
  };
  readonly prompt: {
    readonly params: {
      readonly name: string;
      /** The bytes, in base 64. */
      readonly text: string;
      /** A text with an id that was delivered before is not delivered again. */
      readonly id: string;
    };
    readonly result: { readonly delivered: boolean };
  };
  readonly 'phase.advance': {
    readonly params: {
      readonly from: number;
      readonly reason: string;
      readonly sha?: string | undefined;
    };
    readonly result: { readonly phase: number };
  };
  readonly 'phase.set': {
    readonly params: { readonly index: number; readonly reason: string };
    readonly result: { readonly phase: number };
  };
  readonly handoff: { readonly params: Handoff; readonly result: object };
  /** Start no loop until `release`; with `keep` not after a reboot either. What runs goes on. */
  readonly hold: { readonly params: { readonly keep: boolean }; readonly result: RigStatus };
  /** Ask at once who owns the loops. */
  readonly ownership: {
    readonly params: {
      /** Milliseconds to ask again and again for a grant that is about to be written; the answer does not wait for it. */
      readonly expectMs?: number | undefined;
    };
    readonly result: RigStatus;
  };
  readonly release: { readonly params: object; readonly result: RigStatus };
  readonly 'stop-all': {
    readonly params: {
      readonly reason: string;
      /** Milliseconds between TERM and KILL. Default: the rig's own. */
      readonly grace?: number | undefined;
    };
    readonly result: RigStatus;
  };
  /** End the supervisor; with `stop` every loop and the tmux server too. */
  readonly end: {
    readonly params: { readonly reason: string; readonly stop: boolean };
    readonly result: object;
  };
}

/** The requests that are answered by a stream, which ends with the supervisor. */
export interface Streams {
  readonly watch: { readonly params: object; readonly item: WatchedStatus };
  readonly events: { readonly params: object; readonly item: RigEvent };
}

/** One line from a client, once the supervisor has greeted it. */
export interface RequestMessage {
  readonly method: string;
  readonly params: unknown;
  /** The config that the client was given: a supervisor of another rig refuses. */
  readonly config?: string | undefined;
}

/**
 * One line from the supervisor. It greets each client, which asks only then: what is asked of a supervisor that is
 * stopped is not carried out when it goes on. A pulse says that it is still at work.
 */
export type AnswerMessage =
  | { readonly type: 'greeting'; readonly pid: number }
  | { readonly type: 'pulse' }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'item'; readonly item: unknown }
  | { readonly type: 'refusal'; readonly code: string; readonly message: string };

/** Milliseconds between two pulses, and without any line until a supervisor counts as silent. */
export const pulseInterval = 1000;
export const silencePatience = 5000;
