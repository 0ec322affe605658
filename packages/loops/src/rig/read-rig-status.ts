import type { RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import { askRig, askRigOf } from '../control/ask-rig.ts';
import type { AskOptions } from '../control/control-connection.ts';
import type { RigStatus } from '../control/status.ts';

/**
 * The status as the supervisor tells it, or what is on disk when there is none.
 *
 * @example
 * const { supervisor, loops } = await readRigStatus(await loadRigConfig('loops.yaml'));
 * console.log(supervisor.state, loops.map((one) => `${one.name}: ${one.state}`));
 */
export async function readRigStatus(config: RigConfig, options: AskOptions = {}): Promise<RigStatus> {
  return orRecorded(askRigOf(config, 'status', {}, options), async () => config);
}

/** The same for a config by its path, which is read in full only when no supervisor answers. */
export async function readStatusOf(configPath: string, options: AskOptions = {}): Promise<RigStatus> {
  return orRecorded(askRig(configPath, 'status', {}, options), async () => {
    const { loadRigConfig } = await import('../config/load-rig-config.ts');
    return loadRigConfig(configPath);
  });
}

async function orRecorded(answer: Promise<RigStatus>, load: () => Promise<RigConfig>): Promise<RigStatus> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof LoopsError ? error.code : undefined;
    if (code !== 'SUPERVISOR_ABSENT' && code !== 'SUPERVISOR_SILENT') throw error;
    const { recordedStatus } = await import('./recorded-status.ts');
    return recordedStatus(await load(), code === 'SUPERVISOR_SILENT' ? 'silent' : 'down');
  }
}
