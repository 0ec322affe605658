import { localHost } from '@cutover/host';
import type { LoopConfig } from '../../config/rig-config.ts';
import { cloneContext } from '../../git/clone-context.ts';
import type { GitContext } from '../../git/git.ts';
import { keepUnsaved } from '../../safe-point/salvage/keep-unsaved.ts';
import { pushSalvage } from '../../safe-point/salvage/salvage-clone.ts';
import type { KeeperContext } from '../context/keeper-parts.ts';

/** How long the keeping of one clone may take in all, in milliseconds. */
const patience = 30_000;

/**
 * Keeps what a loop's clone alone holds, now that its agent has ended: what comes after it may clean the clone. It is
 * pushed beside all else, as far as this host owns the loops.
 *
 * @returns why it could not be kept; that was told.
 */
export async function keepWork(context: KeeperContext, loop: LoopConfig): Promise<string | undefined> {
  const { emit, config, ownership, background, signal } = context;
  const path = loop.clone;
  if (path === undefined) return undefined;
  const timeUp = AbortSignal.timeout(patience);
  const git = cloneContext(localHost(), path, patience, timeUp);
  try {
    const kept = await keepUnsaved(git);
    if (kept === undefined) return undefined;
    const { ref, notKept } = kept;
    emit({ type: 'salvaged', loop: loop.name, path, ref, notKept });
    if (config.quiesce.push && ownership.hold === undefined)
      background.run(() => pushLater(context, loop, { ...git, signal }, ref));
    return undefined;
  } catch (error) {
    const late = `it took longer than ${patience / 1000} s`;
    const why = timeUp.aborted ? late : error instanceof Error ? error.message : String(error);
    const detail = `what ${path} holds could not be kept under a ref: ${why}`;
    emit({ type: 'salvage-failed', loop: loop.name, path, detail });
    return detail;
  }
}

async function pushLater(
  { emit, signal }: KeeperContext,
  loop: LoopConfig,
  git: GitContext,
  ref: string,
): Promise<void> {
  let problem: string | undefined;
  try {
    problem = (await pushSalvage(git, ref)).pushProblem;
  } catch (error) {
    if (signal.aborted) return;
    problem = error instanceof Error ? error.message : String(error);
  }
  if (problem === undefined) return;
  const detail = `${ref} is in ${git.repository} and was not pushed: ${problem}`;
  emit({ type: 'salvage-failed', loop: loop.name, path: git.repository, detail });
}
