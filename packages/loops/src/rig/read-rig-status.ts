import type { RigConfig } from '../config/rig-config.ts';
import { controlSocket } from '../config/rig-places.ts';
import { LoopsError } from '../errors.ts';
import { askRig } from '../control/ask-rig.ts';
import { askSupervisor } from '../control/control-connection.ts';
import type { RigStatus } from '../control/status.ts';

/** The status as the supervisor tells it, or what is on disk when there is none. */
export async function readRigStatus(config: RigConfig, signal?: AbortSignal): Promise<RigStatus> {
  return orRecorded(askSupervisor(controlSocket(config), 'status', undefined, signal), async () => config);
}

/** The same for a config by its path, which is read in full only when no supervisor answers. */
export async function readStatusOf(configPath: string, signal?: AbortSignal): Promise<RigStatus> {
  return orRecorded(askRig(configPath, 'status', undefined, signal), async () => {
    const { loadRigConfig } = await import('../config/rig-config.ts');
    return loadRigConfig(configPath);
  });
}

async function orRecorded(answer: Promise<unknown>, load: () => Promise<RigConfig>): Promise<RigStatus> {
  try {
    // The supervisor is the same package, on the same machine: its answer is a status.
    return (await answer) as RigStatus;
  } catch (error) {
    if (!(error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT')) throw error;
    const { recordedStatus } = await import('./recorded-status.ts');
    return recordedStatus(await load());
  }
}
