/** What a hook can be told of. */
export type NotifyEvent = 'gate.opened' | 'gate.waiting' | 'failed' | 'done';

/** A command that is run when something happens that a person wants to know of. It never holds a run up. */
export interface NotifyHook {
  readonly on: readonly NotifyEvent[];
  /** Gets one document of JSON on standard input: see `Notification`. */
  readonly command: readonly string[];
  /** Milliseconds between one `gate.waiting` and the next. Default: an hour. */
  readonly every?: number | undefined;
  /** Milliseconds that the command may take; it is killed then. Default: 30 s. */
  readonly timeout?: number | undefined;
}

/** What a hook reads from its standard input. Secrets are redacted. */
export interface Notification {
  readonly event: NotifyEvent;
  readonly runbook: string;
  readonly runId: string;
  /** The gate's step, or the one that a run ended at. */
  readonly step?: string | undefined;
  /** The question or the instructions of a gate, or the reason why a run ended. */
  readonly text?: string | undefined;
  readonly evidence?: object | undefined;
  readonly evidenceHash?: string | undefined;
  /** When the gate's time is over, ISO 8601. */
  readonly expires?: string | undefined;
  /** How a run ended. */
  readonly result?: string | undefined;
  readonly owner?: string | undefined;
}
