import type { CommandIo } from '@cutover/command-line';
import type { Runbook } from '../engine/runbook.ts';

/** Makes the runbook from a config file; `statePath` is the state directory, below which it may keep working copies. */
export type LoadRunbook<World> = (configPath: string, statePath: string) => Promise<Runbook<World>>;

/** What the commands are given from outside. */
export interface CommandContext<World> {
  readonly load: LoadRunbook<World>;
  readonly io: CommandIo;
  /** Whether a person sits at standard input and output. */
  readonly interactive: boolean;
}
