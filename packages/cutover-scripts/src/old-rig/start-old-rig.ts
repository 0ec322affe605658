import { setTimeout as delay } from 'node:timers/promises';
import { findRigProcesses } from '@cutover/loops/safe-point';
import { oldProcesses } from '../rig/rig.ts';
import { requireOldMay } from '../ownership/ownership.ts';
import type { World } from '../world/world.ts';
import { stopOldRig } from './stop-old-rig.ts';

/** Milliseconds that the loops may take to come up, and to be gone; not all that a rig is known by need run at all times. */
const patience = 10_000;

/** What of the old rig its user sees. */
export interface OldRigLook {
  readonly running: number;
  /** Which of its processes and sessions are not there. */
  readonly missing: readonly string[];
}

/** Looks at what of the old rig runs, as its user. */
export async function lookAtOldRig({ settings, oldRig }: World, signal: AbortSignal): Promise<OldRigLook> {
  const { processes: texts, tmuxSessions } = settings.old;
  const { processes, sessions } = await findRigProcesses(oldRig, oldProcesses(settings), signal);
  return {
    running: processes.length + sessions.length,
    missing: [
      ...texts.filter((text) => !processes.some(({ commandLine }) => commandLine.includes(text))),
      ...tmuxSessions.filter((name) => !sessions.some(({ session }) => session === name)),
    ],
  };
}

/**
 * Starts the old rig again, as its user; it resumes the plan phase of its own `.phase-idx`. Its start command is over
 * before its loops are there, so they are waited for. What runs already is not started a second time: a start command need
 * not be fit for that. A part of the rig that stays alone is what a start left that was cut off: it is stopped first.
 *
 * @throws {NotOwnerError} it does not hold the loops. Nothing was started.
 * @throws {Error} none of its loops came up.
 */
export async function startOldRig(world: World, signal: AbortSignal): Promise<void> {
  const { settings, oldRig } = world;
  await requireOldMay(world, undefined, signal);
  const { name, start, startEnv, workspace } = settings.old;
  const isWhole = ({ missing }: OldRigLook): boolean => missing.length === 0;
  const isGone = ({ running }: OldRigLook): boolean => running === 0;
  let found = await untilSeen(world, (look) => isGone(look) || isWhole(look), signal);
  if (!isGone(found) && !isWhole(found)) {
    const { missing } = found;
    await stopOldRig(world, signal);
    found = await untilSeen(world, isGone, signal);
    if (!isGone(found))
      throw new Error(
        `only a part of the old rig runs on ${name}, without ${missing.join(', ')}, and its stop command does not end it; look there`,
      );
  }
  if (isWhole(found)) return;
  await oldRig.run(start, { env: startEnv, cwd: workspace, signal });
  found = await untilSeen(world, isWhole, signal);
  if (isGone(found))
    throw new Error(`${start.join(' ')} was run on ${name}, but none of its loops came up; look there`);
}

/** Looks until it is so, or the patience is over. @returns the last look. */
async function untilSeen(
  world: World,
  isSo: (look: OldRigLook) => boolean,
  signal: AbortSignal,
): Promise<OldRigLook> {
  const end = performance.now() + patience;
  for (;;) {
    const look = await lookAtOldRig(world, signal);
    if (isSo(look) || performance.now() > end) return look;
    await delay(200, undefined, { signal });
  }
}
