import { oldClones } from '../rig/rig.ts';
import type { World } from '../world/world.ts';

/** Whether the old host reaches the forge, by whatever key, agent or token it has: it is asked from there. */
export async function oldReachesForge({ settings, oldRig }: World, signal: AbortSignal): Promise<boolean> {
  const [clone = settings.old.workspace] = oldClones(settings);
  const asked = await oldRig.run(['git', '-C', clone, 'ls-remote', '--heads', 'origin'], {
    env: { GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' },
    reject: false,
    signal,
  });
  return asked.exitCode === 0;
}
