import type { LoopConfig } from '../config/rig-config.ts';
import type { AgentEvent } from './agent-event.ts';
import type { AgentSign, SignPatterns } from './agent-signs.ts';

/** The name of an adapter, as `agent` in `loops.yaml` has it. */
export type AgentName = 'claude-code' | 'generic';

/** What a start is chosen by. */
export interface StartQuestion {
  readonly loop: LoopConfig;
  /** What the agent will find in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The session of the last start, and whether that start happened. */
  readonly session: string | undefined;
  readonly begun: boolean;
  /** The transcript that the agent itself has named. */
  readonly transcript: string | undefined;
}

/** Which session a start is in, and whether it goes on with what is in it. */
export interface StartChoice {
  readonly session: string;
  readonly goesOn: boolean;
}

/** A start whose session is chosen. */
export interface Launch extends StartChoice {
  readonly loop: LoopConfig;
  /** The agent's own folder: its adapter's files, and the spool of its hooks. */
  readonly folder: string;
  /** What it is to be told: the loop's prompt, or that it is to go on. `undefined`: nothing. */
  readonly words: string | undefined;
}

/** What to start: argv without its placeholders replaced. */
export interface LaunchCommand {
  readonly argv: readonly string[];
  /** Whether `argv` holds the words, so that they are not typed. */
  readonly tellsWords: boolean;
}

/** What one look at a screen says. */
export interface ScreenReading {
  /** Why the agent cannot go on, as far as its screen can be trusted with that. */
  readonly sign?: AgentSign | undefined;
  /** A dialog: nothing is typed into it but `key`, which is known to do no harm and to end it. */
  readonly dialog?: { readonly words: string; readonly key?: string | undefined } | undefined;
  /** Whether it takes a prompt now; `undefined` where the adapter cannot tell. */
  readonly takesPrompt?: boolean | undefined;
  /** What stands in its input line and is not submitted. */
  readonly draft?: string | undefined;
  /** Whether that is a text for sure, where anything else may be a hint in an empty line. */
  readonly holdsPaste?: boolean | undefined;
}

/** What an agent has done so far, from its transcript. */
export interface AgentProgress {
  /** Answers and results of tools: only the agent at work makes them more. */
  readonly steps: number;
  /** Calls of tools. */
  readonly actions: number;
  readonly usage: TokenUsage;
  /** Tokens in its context at the last answer. */
  readonly context: number;
  /** The agent's version, as its transcript tells it. */
  readonly version?: string | undefined;
}

/** Tokens that were used. */
export interface TokenUsage {
  readonly input: number;
  readonly cacheWrite: number;
  readonly cacheRead: number;
  readonly output: number;
}

/** Whether an agent is logged in; `at-limit`: it is, and at its usage limit. */
export interface LoginState {
  readonly state: 'logged-in' | 'at-limit' | 'logged-out' | 'unknown';
  readonly detail: string;
}

/** Reads a transcript from where it stopped. */
export interface TranscriptReader {
  /** Reads what was added since. */
  read(): Promise<AgentProgress>;
  /** How many prompts were read. */
  readonly prompts: number;
  /** How many prompts stood behind a turn at a moment; those that came before `since` do not count. Unix milliseconds. */
  queued(since: number, at: number): number;
  /** Whether the agent has taken a text since so many prompts were read. */
  hasTaken(text: string, since: number): boolean;
}

/**
 * All that `loops` knows about one kind of agent. What an adapter lacks, the agent is not known to do, and nothing is
 * guessed in its place.
 */
export interface AgentAdapter {
  readonly name: AgentName;
  /** Chooses the session of the next start. */
  chooseStart(question: StartQuestion): Promise<StartChoice>;
  /** Puts in place what a start needs besides its argv. */
  prepare?(launch: Launch): Promise<void>;
  /** What is in its folder and must be there for as long as the agent runs. */
  readonly files?:
    | {
        paths(folder: string): readonly string[];
        /** Makes again those that are missing. */
        restore(folder: string): Promise<void>;
      }
    | undefined;
  command(launch: Launch): LaunchCommand;
  /** Why a text cannot be given to the agent as it is; `undefined` when it can. */
  refusePrompt(text: string, way: 'typed' | 'argument'): string | undefined;
  /** Whether a text that the agent took is one that was given to it, which typing may have changed. */
  isSamePrompt(given: string, taken: string): boolean;
  /** Whether what stands in its input line is a text that was typed and not submitted. */
  isDraftOf(draft: string, text: string): boolean;
  /** The key that has the agent draw its screen again, and changes nothing else. */
  readonly redrawKey?: string | undefined;
  /** The key that clears its input line, or one line of it, and does nothing where that is empty. */
  readonly clearKey?: string | undefined;
  readScreen(lines: readonly string[], loop: LoopConfig, patterns: SignPatterns, now: number): ScreenReading;
  /** Whether the last screen of an agent that ended says that it cannot go on with this session, however often it is asked to. */
  refusesSession?(lines: readonly string[], session: string): boolean;
  /** For agents that acknowledge a prompt, and tell what they do, by hooks. */
  readonly hooks?:
    | {
        /** `undefined` for what means nothing here. */
        parse(json: string): AgentEvent | undefined;
        /** What a failure is a sign of; `undefined` when it is none. */
        signOf(event: Extract<AgentEvent, { type: 'failed' }>, now: number): AgentSign | undefined;
      }
    | undefined;
  readTranscript?(path: string): TranscriptReader;
  /** The transcript of a session; `undefined` when there is none. */
  findTranscript?(question: {
    readonly loop: LoopConfig;
    readonly environment: Readonly<Record<string, string>>;
    readonly session: string;
  }): Promise<string | undefined>;
  /** What the agent asks at its first start, and its files that answer that beforehand. */
  readonly firstRun?:
    | {
        /** What it would still ask. */
        missing(environment: Readonly<Record<string, string>>, loop: LoopConfig): Promise<string[]>;
        /** @returns the files that were written. */
        write(environment: Readonly<Record<string, string>>, loop: LoopConfig): Promise<string[]>;
      }
    | undefined;
  /** Asks the agent itself whether it is logged in. */
  readonly login?:
    | {
        /** The words of a loop's command that are asked: loops with the same ones share a login. */
        programOf(command: readonly string[]): readonly string[];
        probe(question: {
          readonly program: readonly string[];
          readonly environment: Readonly<Record<string, string>>;
          readonly cwd: string;
          readonly signal?: AbortSignal | undefined;
        }): Promise<LoginState>;
      }
    | undefined;
  /** The file whose change means that a person logged in. */
  loginFile?(environment: Readonly<Record<string, string>>): string;
  /** Why a version may behave in another way than the ones that were tested; `undefined` for those. */
  versionDoubt?(version: string): string | undefined;
}
