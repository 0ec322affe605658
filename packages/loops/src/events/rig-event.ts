/** What a supervisor did, or saw, and why. `at` is Unix milliseconds. */
export type RigEvent = RigEventBody & { readonly at: number };

/** An event before it has its time. */
export type RigEventBody =
  | {
      readonly type: 'up';
      readonly rig: string;
      readonly pid: number;
      /** Set when the machine was booted since the supervisor before this one. */
      readonly reboot?: RebootCause | undefined;
    }
  | { readonly type: 'down'; readonly reason: string }
  | { readonly type: 'server'; readonly state: 'connected' | 'lost' | 'spawned' }
  | { readonly type: 'hold'; readonly reason: HoldReason; readonly detail: string }
  | { readonly type: 'released'; readonly reason: string }
  /** An edited config was applied. */
  | {
      readonly type: 'reloaded';
      readonly changed: readonly string[];
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly restarted: readonly string[];
    }
  /** An edited config could not be applied; nothing changed. */
  | { readonly type: 'reload-failed'; readonly detail: string }
  /** Something that the rig stands on was deleted: it was made again, or cannot be. */
  | { readonly type: 'place-restored'; readonly path: string }
  | { readonly type: 'place-lost'; readonly path: string; readonly detail: string }
  | { readonly type: 'adopted'; readonly loop: string; readonly pid: number }
  /** An agent runs whose loop is not in the config. */
  | { readonly type: 'orphan'; readonly loop: string; readonly pid: number }
  | { readonly type: 'started'; readonly loop: string; readonly run: string; readonly reason: string }
  | { readonly type: 'start-failed'; readonly loop: string; readonly reason: string }
  | { readonly type: 'ready'; readonly loop: string }
  | {
      readonly type: 'exited';
      readonly loop: string;
      readonly exitCode?: number | undefined;
      readonly signal?: number | undefined;
      readonly cause: ExitCause;
      readonly restartInMs?: number | undefined;
    }
  | { readonly type: 'stopped'; readonly loop: string; readonly reason: string }
  /** What a clone alone held was kept under a ref, before a stop, a restart or a new session could lose it. */
  | {
      readonly type: 'salvaged';
      readonly loop: string;
      readonly path: string;
      readonly ref: string;
      /** What could not be kept, and why. */
      readonly notKept: readonly string[];
    }
  /** It could not be kept, or is kept in the clone only. */
  | { readonly type: 'salvage-failed'; readonly loop: string; readonly path: string; readonly detail: string }
  | { readonly type: 'wanted'; readonly loop: string; readonly wanted: boolean }
  | {
      readonly type: 'blocked';
      readonly loop: string;
      readonly reason: string;
      readonly detail: string;
      readonly until?: number | undefined;
    }
  | { readonly type: 'unblocked'; readonly loop: string; readonly reason: string }
  | { readonly type: 'login-expired'; readonly loop: string; readonly detail: string }
  | { readonly type: 'escalated'; readonly loop: string; readonly detail: string }
  | { readonly type: 'stalled'; readonly loop: string; readonly rung: StallRung; readonly quietMs: number }
  /** An agent took a prompt; one whose adapter hears nothing of that was typed it. */
  | { readonly type: 'prompted'; readonly loop: string; readonly bytes: number; readonly id: string }
  /** A prompt was given to an agent, and it did not acknowledge it in time. */
  | { readonly type: 'prompt-failed'; readonly loop: string; readonly id: string; readonly detail: string }
  /** An agent asks something that only a person may answer. */
  | { readonly type: 'dialog'; readonly loop: string; readonly detail: string }
  /** An agent's hooks are not heard: they may be forbidden. Its transcript and its screen are read instead. */
  | { readonly type: 'hooks-silent'; readonly loop: string; readonly detail: string }
  /** An agent went on in another session, after `/clear` for example. */
  | { readonly type: 'session'; readonly loop: string; readonly session: string }
  /** The context of an agent fills up: it was asked for a handoff note. */
  | { readonly type: 'handoff-asked'; readonly loop: string; readonly context: number; readonly note: string }
  /** Its note is there: a new session goes on in place of the one it is from. */
  | { readonly type: 'handed-over'; readonly loop: string; readonly from: string; readonly note: string }
  | {
      readonly type: 'phase';
      readonly from: number;
      readonly to: number;
      readonly reason: string;
      readonly sha?: string | undefined;
    }
  | {
      readonly type: 'claimed';
      readonly loop: string;
      readonly phase: number;
      readonly sha: string;
      readonly round: number;
    }
  | {
      readonly type: 'verdict';
      readonly loop: string;
      readonly phase: number;
      readonly sha: string;
      readonly verdict: 'pass' | 'fail';
      readonly note: string;
    }
  /** The log of a running agent was lost, or cannot be written. */
  | { readonly type: 'log-trouble'; readonly loop: string; readonly detail: string }
  /** The metrics file cannot be written; it is tried again. */
  | { readonly type: 'metrics-failed'; readonly detail: string }
  | { readonly type: 'notify-failed'; readonly command: string; readonly detail: string };

/** Every type of event: what `notify` and `loops history --event` may name. */
export const rigEventTypes = [
  'up',
  'down',
  'server',
  'hold',
  'released',
  'reloaded',
  'reload-failed',
  'place-restored',
  'place-lost',
  'adopted',
  'orphan',
  'started',
  'start-failed',
  'ready',
  'exited',
  'stopped',
  'salvaged',
  'salvage-failed',
  'wanted',
  'blocked',
  'unblocked',
  'login-expired',
  'escalated',
  'stalled',
  'prompted',
  'prompt-failed',
  'dialog',
  'hooks-silent',
  'session',
  'handoff-asked',
  'handed-over',
  'phase',
  'claimed',
  'verdict',
  'log-trouble',
  'metrics-failed',
  'notify-failed',
] as const satisfies readonly RigEventBody['type'][];

/** How the machine went down: `orderly` when the supervisor was ended first, else power, a crash or a reset. */
export type RebootCause = 'orderly' | 'unexpected';

/** Why an agent ended; `lost`: its terminal went away with the tmux server. */
export type ExitCause =
  | 'clean'
  | 'crash'
  | 'killed'
  | 'lost'
  | 'out-of-memory'
  | 'usage-limit'
  | 'login-expired'
  | 'billing';

/** The ladder of answers to a stall. */
export type StallRung = 'nudge' | 'interrupt' | 'resume' | 'fresh' | 'escalate';

/** Why no loop of the rig may start. */
export type HoldReason =
  | 'not-owner'
  | 'ownership-released'
  | 'ownership-regressed'
  | 'ownership-unknown'
  | 'lease-unenforced'
  | 'quiesced';
