import { setTimeout as delay } from 'node:timers/promises';
import { findRigProcesses } from '@cutover/loops/safe-point';
import { requireOldMay } from '../ownership/ownership.ts';
import type { World } from '../world/world.ts';
import { oldProcesses } from '../rig/rig.ts';

/** Milliseconds that the loops may take to come up; not all that a rig is known by need run at all times. */
const patience = 10_000;

/**
 * Starts the old rig again, as its user; it resumes the plan phase of its own `.phase-idx`. Its start command is over
 * before its loops are there, so they are waited for.
 *
 * @throws {NotOwnerError} it does not hold the loops. Nothing was started.
 * @throws {Error} none of its loops came up.
 */
export async function startOldRig(world: World, signal: AbortSignal): Promise<void> {
  const { settings, oldRig } = world;
  await requireOldMay(world, undefined, signal);
  const { name, start, startEnv, workspace, processes } = settings.old;
  // A start script need not be idempotent: what runs already is not started a second time.
  const before = await findRigProcesses(oldRig, oldProcesses(settings), signal);
  if (before.processes.length === 0) await oldRig.run(start, { env: startEnv, cwd: workspace, signal });
  const end = performance.now() + patience;
  for (;;) {
    const running = await findRigProcesses(oldRig, oldProcesses(settings), signal);
    const runs = (text: string): boolean =>
      running.processes.some(({ commandLine }) => commandLine.includes(text));
    if (processes.every(runs)) return;
    if (performance.now() > end) {
      if (processes.some(runs)) return;
      throw new Error(`${start.join(' ')} was run on ${name}, but none of its loops came up; look there`);
    }
    await delay(200, undefined, { signal });
  }
}
