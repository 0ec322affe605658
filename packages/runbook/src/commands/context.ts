import type { Writable } from 'node:stream';
import type { Runbook } from '../engine/runbook.ts';

/** Makes the runbook from a config file; `statePath` is the state directory, below which it may keep working copies. */
export type LoadRunbook<World> = (configPath: string, statePath: string) => Promise<Runbook<World>>;

/** Where a command writes; `process` has both. */
export interface CommandStreams {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** What the commands are given from outside. */
export interface CommandContext<World> {
  readonly load: LoadRunbook<World>;
  readonly io: CommandStreams;
  /** Whether a person sits at standard input and output. */
  readonly interactive: boolean;
}
