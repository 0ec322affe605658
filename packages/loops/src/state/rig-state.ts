import type { TokenUsage } from '../agents/agent-adapter.ts';

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
  /** Where the agent of the session keeps its transcript, as it told. */
  readonly transcript?: string | undefined;
  /** The last run whose hooks were heard. */
  readonly heardRun?: string | undefined;
  /** Its session has ended while its agent runs, after `/clear` for example: the next one takes its place. */
  readonly successor?: boolean | undefined;
  /** What the run was told, or is to be told, and has not acknowledged yet. */
  readonly pending?: PendingWords | undefined;
  /** What it has used. */
  readonly usage?: LoopUsage | undefined;
  /** Unix milliseconds at which the turn began that is under way, as its hooks told. */
  readonly turnSince?: number | undefined;
  /** Set while it is asked for a note, before a new session goes on in place of this one. */
  readonly handoff?: ContextHandoffState | undefined;
  /** Its next fresh session is told to read the handoff note. */
  readonly readsNote?: boolean | undefined;
  /** The day, in UTC, and the budget for which it was held last: once lifted, it is not held for these again. */
  readonly heldFor?: { readonly day: string; readonly tokensPerDay: number } | undefined;
  /** It has limits, and its last start was without them: no systemd manager was there to apply them. */
  readonly unlimited?: boolean | undefined;
  /** Prompts that the agent took, or that were typed into one that acknowledges none, by their id, newest last. */
  readonly prompts?: readonly string[] | undefined;
  /** Prompts that were typed and not acknowledged, newest last. */
  readonly typed?: readonly TypedPrompt[] | undefined;
}

/** How far a handoff of a session's context has come. */
export interface ContextHandoffState {
  /** Unix milliseconds of the question: an older note is none. */
  readonly askedAt: number;
  /** Whether the agent took the question. */
  readonly taken: boolean;
  /** Whether a turn has ended since, and none has begun. */
  readonly ended: boolean;
}

/** Why a loop is not started although it is wanted. */
export interface LoopBlock {
  readonly reason: 'usage-limit' | 'login-expired' | 'billing' | 'budget' | 'handoff' | 'escalated';
  readonly detail: string;
  /** Unix milliseconds when it ends by itself; when it is missing, a person must act. */
  readonly until?: number | undefined;
  /** Unix milliseconds at which it was said: what happened after that may have ended it. */
  readonly at?: number | undefined;
}

/** Whether only a person, or what it asks for, ends a block: that the agent works again does not. */
export function endsByAsking({ reason }: LoopBlock): boolean {
  return reason === 'budget' || reason === 'handoff' || reason === 'escalated';
}

/** Words for an agent at its start: its prompt, that and where a handoff note is, or that it is to go on. */
export interface PendingWords {
  readonly what: 'prompt' | 'go-on' | 'handoff';
  /** Whether its command line held them; else they are typed. */
  readonly told: boolean;
}

/** A prompt that was typed: whether the agent took it is not known. */
export interface TypedPrompt {
  readonly id: string;
  /** The agent's session at that time, and how many prompts its transcript had. */
  readonly session?: string | undefined;
  readonly since: number;
}

/** Tokens that a loop has used, in all its sessions. */
export interface LoopUsage {
  readonly total: TokenUsage;
  /** The day, in UTC, as `2026-05-31`, and what counts for its budget: input, cache writes and output. */
  readonly day: string;
  readonly dayTokens: number;
  /** How far a transcript has been counted. */
  readonly counted: { readonly transcript: string; readonly usage: TokenUsage };
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
