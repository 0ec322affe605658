import type { Step } from '@cutover/runbook';
import type { World } from '../world/world.ts';
import { grantNew, lastSync, proveFenced, revokeOld } from './d-cut-over/move-over.ts';
import { carryAhead, readyNew } from './d-cut-over/prepare-new.ts';
import { coldStandby, startNew, verifyHandoff, verifyHealth } from './d-cut-over/start-new.ts';
import {
  disableOld,
  fenceBootOld,
  proveStopped,
  quiesceOld,
  releaseOld,
  seeRunning,
} from './d-cut-over/stop-old.ts';

/**
 * Phase D: the only disruptive moment. Release, stop, prove, take the key away, sync, grant, start, see it work. All that
 * need not wait for the stop lies in the old rig's last turn, before it: the release, what can be carried, and the new
 * supervisor, which waits for the grant.
 */
export const cutOverSteps: readonly Step<World>[] = [
  seeRunning,
  releaseOld,
  fenceBootOld,
  carryAhead,
  readyNew,
  quiesceOld,
  disableOld,
  proveStopped,
  revokeOld,
  proveFenced,
  lastSync,
  grantNew,
  startNew,
  verifyHandoff,
  verifyHealth,
  coldStandby,
];
