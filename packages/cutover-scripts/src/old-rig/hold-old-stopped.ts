import { HostConnectionError } from '@cutover/host';
import { provesStopped } from '@cutover/loops/safe-point';
import { CutoverError } from '../errors.ts';
import { oldProcessesForRoot } from '../rig/rig.ts';
import type { World } from '../world/world.ts';
import { fenceStarts, inspectStarts, openStarts } from './start-fence.ts';
import { stopOldRig } from './stop-old-rig.ts';

/** The old rig runs again, and its stop command did not end it. Nothing was started on the new host. */
export class OldRigRunsError extends CutoverError {
  override readonly name = 'OldRigRunsError';
  readonly code = 'OLD_RIG_RUNS';
  readonly remaining: readonly string[];

  constructor(host: string, remaining: readonly string[]) {
    super(
      `the old rig runs on ${host} again: ${remaining.join('; ')}. Stop it by hand, then \`cutover resume\` starts the new one`,
    );
    this.remaining = remaining;
  }
}

/**
 * Looks, right before the new rig is started, whether someone has started the old one since it was proven stopped: that one
 * is stopped, and its starts are taken away again. An old host that does not answer holds nothing up: it was proven
 * stopped before the grant, or a person attests that it is off, and no boot starts its rig.
 *
 * @throws {OldRigRunsError} it runs all the same.
 */
export async function holdOldStopped(world: World, signal: AbortSignal): Promise<void> {
  const { settings, old } = world;
  const look = () => provesStopped(old, { processes: oldProcessesForRoot(settings), signal });
  try {
    if ((await look()).stopped) return;
    await stopOldRig(world, signal);
    if (openStarts(await inspectStarts(old, settings.old, signal)).length > 0)
      await fenceStarts(old, settings.old, signal);
    const { stopped, remaining } = await look();
    if (!stopped)
      throw new OldRigRunsError(
        settings.old.name,
        remaining.map(({ kind, detail }) => `${kind} ${detail}`),
      );
  } catch (error) {
    if (!isSilence(error, world)) throw error;
  }
}

function isSilence(error: unknown, { old, oldRig }: World): boolean {
  return error instanceof HostConnectionError && [old.name, oldRig.name].includes(error.host);
}
