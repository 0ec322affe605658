import type { World } from '../world/world.ts';

/** Starts the old rig again, as its user; it resumes the plan phase of its own `.phase-idx`. */
export async function startOldRig({ settings, oldRig }: World, signal: AbortSignal): Promise<void> {
  const { start, startEnv, workspace } = settings.old;
  await oldRig.run(start, { env: startEnv, cwd: workspace, signal });
}
