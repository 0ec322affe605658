import type { Runbook } from '../engine/runbook.ts';
import type { RunbookCommand } from './context.ts';
import { type CommonOptions, statePath } from './options.ts';

/** A runbook that is closed when this is disposed. */
export interface OpenRunbook<World> extends AsyncDisposable {
  readonly runbook: Runbook<World>;
}

/** Makes the runbook that the options name. */
export async function openRunbook<World>(
  command: RunbookCommand<World>,
  options: CommonOptions,
): Promise<OpenRunbook<World>> {
  const runbook = await command.load(options.config, statePath(command, options));
  return {
    runbook,
    [Symbol.asyncDispose]: async () => runbook[Symbol.asyncDispose]?.(),
  };
}
