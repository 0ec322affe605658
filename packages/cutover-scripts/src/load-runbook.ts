import type { Runbook } from '@cutover/runbook';
import type { World } from './world/world.ts';

/**
 * Makes the runbook of a cutover from its config file. Nothing is connected to yet. What the steps work with is loaded
 * here: it takes longer to load than most commands take.
 *
 * @param statePath the state directory; working copies are kept below it.
 * @throws {ConfigError} a config file cannot be used.
 *
 * @example
 * const runbook = await loadRunbook('cutover.yaml', '.cutover');
 * const run = startRun({ runbook, stateDirectory: '.cutover', command: 'run', until: 'c-stage' });
 */
export async function loadRunbook(configPath: string, statePath: string): Promise<Runbook<World>> {
  return (await import('./runbook.ts')).createRunbook(configPath, statePath);
}
