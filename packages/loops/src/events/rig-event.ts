/** What a supervisor did, or saw, and why. `at` is Unix milliseconds. */
export type RigEvent = RigEventBody & { readonly at: number };

/** An event before it has its time. */
export type RigEventBody =
  | {
      readonly event: 'up';
      readonly rig: string;
      readonly pid: number;
      /** Set when the machine was booted since the supervisor before this one. */
      readonly reboot?: RebootCause;
    }
  | { readonly event: 'down'; readonly reason: string }
  | { readonly event: 'server'; readonly state: 'connected' | 'lost' | 'spawned' }
  | { readonly event: 'hold'; readonly reason: HoldReason; readonly detail: string }
  | { readonly event: 'released'; readonly reason: string }
  | { readonly event: 'adopted'; readonly loop: string; readonly pid: number }
  | { readonly event: 'started'; readonly loop: string; readonly run: string; readonly reason: string }
  | { readonly event: 'start-failed'; readonly loop: string; readonly reason: string }
  | { readonly event: 'ready'; readonly loop: string }
  | {
      readonly event: 'exited';
      readonly loop: string;
      readonly exitCode?: number;
      readonly signal?: number;
      readonly cause: ExitCause;
      readonly restartInMs?: number;
    }
  | { readonly event: 'stopped'; readonly loop: string; readonly reason: string }
  | { readonly event: 'wanted'; readonly loop: string; readonly wanted: boolean }
  | {
      readonly event: 'blocked';
      readonly loop: string;
      readonly reason: string;
      readonly detail: string;
      readonly until?: number;
    }
  | { readonly event: 'unblocked'; readonly loop: string; readonly reason: string }
  | { readonly event: 'login-expired'; readonly loop: string; readonly detail: string }
  | { readonly event: 'escalated'; readonly loop: string; readonly detail: string }
  | { readonly event: 'stalled'; readonly loop: string; readonly rung: StallRung; readonly quietMs: number }
  | { readonly event: 'prompted'; readonly loop: string; readonly bytes: number; readonly id: string }
  | {
      readonly event: 'phase';
      readonly from: number;
      readonly to: number;
      readonly reason: string;
      readonly sha?: string;
    }
  | {
      readonly event: 'claimed';
      readonly loop: string;
      readonly phase: number;
      readonly sha: string;
      readonly round: number;
    }
  | {
      readonly event: 'verdict';
      readonly loop: string;
      readonly phase: number;
      readonly sha: string;
      readonly verdict: 'pass' | 'fail';
      readonly note: string;
    }
  | { readonly event: 'notify-failed'; readonly detail: string };

/** How the machine went down: `orderly` when the supervisor was ended first, else power, a crash or a reset. */
export type RebootCause = 'orderly' | 'unexpected';

/** Why an agent ended; `lost`: its terminal went away with the tmux server. */
export type ExitCause =
  'clean' | 'crash' | 'killed' | 'lost' | 'out-of-memory' | 'usage-limit' | 'login-expired';

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
