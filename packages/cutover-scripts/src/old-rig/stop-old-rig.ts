import { provesStopped } from '@cutover/loops/safe-point';
import { oldProcesses } from '../rig/rig.ts';
import type { World } from '../world/world.ts';

/**
 * Stops the old rig where it runs although another host has the loops: at once, without a safe point. Its stop command is
 * often its start script too, whose permission to execute was taken away.
 */
export async function stopOldRig({ settings, old, oldRig }: World, signal: AbortSignal): Promise<void> {
  const { stopped } = await provesStopped(oldRig, { processes: oldProcesses(settings), signal });
  if (stopped) return;
  const [script = ''] = settings.old.stop;
  if (script.startsWith('/')) await old.run(['chmod', 'a+x', script], { reject: false, signal });
  await oldRig.run(settings.old.stop, { cwd: settings.old.workspace, signal });
}
