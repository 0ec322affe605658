import type { RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import type { RigState } from './rig-state.ts';

/**
 * Checks that a state is the rig's own: two rigs in one workspace need a `stateDir` each.
 *
 * @throws {LoopsError} `RIG_MISMATCH`.
 */
export function requireSameRig({ rig, stateDir, path }: RigConfig, state: RigState | undefined): void {
  if (state?.rig === undefined || state.rig === rig) return;
  throw new LoopsError(
    'RIG_MISMATCH',
    `${stateDir} holds the state of the rig ${state.rig}, not of ${rig}; give ${rig} a stateDir of its own in ${path}`,
  );
}
