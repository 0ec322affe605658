import type { Writable } from 'node:stream';
import type { Runbook } from '../engine/runbook.ts';
import type { OwnExitCode } from './exit-codes.ts';
import type { Setup } from './setup.ts';

/** What a command line is made from: all that can be known before a config file is read. */
export interface RunbookCommand<World> {
  /**
   * The command's name as it is typed, e.g. `move-service`. It also names the default state directory (`.move-service`
   * beside the config file) and the environment variables `MOVE_SERVICE_CONFIG` and `MOVE_SERVICE_STATE`.
   */
  readonly name: string;
  /** One sentence for `--help`. */
  readonly description: string;
  /** The config file where none is named. Default: the command's name and `.yaml`. */
  readonly configFile?: string | undefined;
  /** What `--version` prints. */
  readonly version?: string | undefined;
  /**
   * Makes the runbook from its config file. Connects to nothing yet: `plan` calls it too.
   *
   * @param statePath the state directory, absolute; below it may be working copies.
   */
  load(configPath: string, statePath: string): Promise<Runbook<World>>;
  /** Makes the config files from a few answers, which becomes the command `init`. */
  readonly setup?: Setup | undefined;
  /** The runbook's own lists, each of which becomes a command: its name, and what it does. */
  readonly lists?: Readonly<Record<string, string>> | undefined;
  /** A rehearsal of it, which becomes the command `rehearse`. */
  readonly rehearsal?: Rehearsal<World> | undefined;
  /** What `unlock` can force open: the name of the runbook's own unlock, and what it does. */
  readonly unlocks?: Readonly<Record<string, string>> | undefined;
  /** What a person may attest, where something cannot be asked: it makes the command `attest`. */
  readonly attests?: Attestations | undefined;
  /** Whether `status` asks the runbook's `alarms`; it reads the journal alone otherwise. */
  readonly alarms?: boolean | undefined;
  /** Exit codes for errors of the runbook's own, by their `code`. */
  readonly exitCodes?: readonly OwnExitCode[] | undefined;
}

/** What the command `attest` takes. */
export interface Attestations {
  /** What is attested for, for the help, e.g. `host`. */
  readonly subject: string;
  /** The ways in which a person may know. */
  readonly hows: readonly string[];
  /** What it does, for the help. */
  readonly description: string;
}

/** A runbook that tries another one out on the same servers, and is undone whatever came of it. */
export interface Rehearsal<World> {
  /** What it does, for `--help`. */
  readonly description: string;
  /**
   * Makes its runbook; each step of it that changes something has an `undo`, and it has no commit point.
   *
   * @param statePath its own state directory, `rehearsal` in that of the runbook.
   */
  load(configPath: string, statePath: string): Promise<Runbook<World>>;
}

/** Where a command writes; `process` has both. */
export interface CommandStreams {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** A command line at work. */
export interface CommandContext<World> {
  readonly command: RunbookCommand<World>;
  readonly io: CommandStreams;
  /** Whether a person sits at standard input and output. */
  readonly interactive: boolean;
}
