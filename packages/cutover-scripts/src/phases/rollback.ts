import type { Step } from '@cutover/runbook';
import type { World } from '../world/world.ts';
import { grantOld, swapKeys, syncBack } from './rollback/move-back.ts';
import { enableOld, startOld } from './rollback/start-old.ts';
import {
  disarmNew,
  proveNewStopped,
  quiesceNew,
  reachBoth,
  releaseNew,
  saveWork,
} from './rollback/stop-new.ts';

/**
 * The way back once the new host may have written work of its own: a move in the other direction, with the same order.
 * Release, stop, prove, take the key away, sync, grant, start.
 */
export const rollbackSteps: readonly Step<World>[] = [
  reachBoth,
  releaseNew,
  quiesceNew,
  disarmNew,
  proveNewStopped,
  saveWork,
  swapKeys,
  syncBack,
  grantOld,
  enableOld,
  startOld,
];
