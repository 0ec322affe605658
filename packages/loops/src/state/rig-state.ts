/** What the supervisor knows about one loop beyond a reboot. */
export interface LoopState {
  /** Whether it is to run; kept across reboots. */
  readonly wanted: boolean;
  /** The agent's session id, made at its first fresh start and resumed by it ever after. */
  readonly session?: string | undefined;
  /** Whether a start with `session` has happened, so that the next one resumes. */
  readonly begun?: boolean | undefined;
  /** The id of its last start: what still bears it is ended before the next one. */
  readonly run?: string | undefined;
  /** What its last start was made from, in short: another one says that the config was edited since. */
  readonly startedAs?: string | undefined;
  /** Restarts after a crash or an exit, in all. */
  readonly restarts: number;
  /** Restarts since the last run of `restart.resetAfter`. */
  readonly recentRestarts: number;
  /** Unix milliseconds of the last start. */
  readonly startedAt?: number | undefined;
  /** Set while it must not be started: a usage limit with its end, an expired login, or an escalation. */
  readonly block?: LoopBlock | undefined;
  /** It has limits, and its last start was without them: no systemd manager was there to apply them. */
  readonly unlimited?: boolean | undefined;
  /** Prompts that were delivered, by their id, newest last. */
  readonly prompts?: readonly string[] | undefined;
}

/** Why a loop is not started although it is wanted. */
export interface LoopBlock {
  readonly reason: 'usage-limit' | 'login-expired' | 'escalated';
  readonly detail: string;
  /** Unix milliseconds when it ends by itself; without it a person must act. */
  readonly until?: number | undefined;
}

/** One plan phase that was passed, with what it was passed on. */
export interface PhasePassed {
  readonly index: number;
  readonly plan: string;
  /** The claimed commit, when a verdict was asked for. */
  readonly sha?: string | undefined;
  /** Unix milliseconds. */
  readonly at: number;
  readonly reason: string;
}

/** The whole state of a rig, one JSON file. */
export interface RigState {
  readonly schema: 1;
  /** The rig's name: another rig does not take it for its own. */
  readonly rig?: string | undefined;
  /** Counts the writes. */
  readonly generation: number;
  /** The boot in which it was written. */
  readonly bootId: string;
  /** Unix milliseconds at which its supervisor ended in order; absent while one has charge, and after one was killed. */
  readonly endedAt?: number | undefined;
  readonly phaseIndex: number;
  /** SHA-256 over the plan list at the time of the last advance: a changed list stops the next one. */
  readonly planListHash: string;
  /** Set while a quiesce holds the rig until it is released, across reboots too. */
  readonly quiesced?: boolean | undefined;
  /** How often each plan phase was claimed, by its index: a claim's ref may be removed. */
  readonly rounds?: Readonly<Record<string, number>> | undefined;
  readonly passed: readonly PhasePassed[];
  readonly loops: Readonly<Record<string, LoopState>>;
}
