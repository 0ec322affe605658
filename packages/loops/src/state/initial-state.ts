import { readFile } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { bootIdentity, localHost } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import type { LoopState, RigState } from './rig-state.ts';
import { hashPlans } from './state-store.ts';

/** The state of a rig that has none yet: what starts by itself, in the phase that `.phase-idx` names. */
export async function initialState(config: RigConfig): Promise<RigState> {
  return {
    schema: 1,
    rig: config.rig,
    generation: 0,
    bootId: await bootIdentity(localHost()),
    phaseIndex: await readMirror(config),
    planListHash: hashPlans(planNames(config)),
    passed: [],
    loops: {},
  };
}

/** The state of one loop; its beginning when nothing is recorded. */
export function loopState(config: RigConfig, state: RigState, name: string): LoopState {
  const autostart = config.loops.find((loop) => loop.name === name)?.autostart ?? false;
  return state.loops[name] ?? { wanted: autostart, restarts: 0, recentRestarts: 0 };
}

/** The plan files as the config names them, relative to the workspace: the same list in another place is no change. */
export function planNames({ phases, workspace }: RigConfig): string[] {
  return (phases?.plans ?? []).map((plan) =>
    plan.startsWith(`${workspace}/`) ? plan.slice(workspace.length + 1) : plan,
  );
}

/** @throws {LoopsError} `STATE_DAMAGED`: the mirror holds something that is no phase of this rig. */
async function readMirror({ phases }: RigConfig): Promise<number> {
  if (phases?.mirror === undefined) return 0;
  const text = await unlessAbsent(readFile(phases.mirror, 'utf8'));
  if (text === undefined) return 0;
  const index = Number(text.trim());
  if (/^\d+$/.test(text.trim()) && index <= phases.plans.length) return index;
  throw new LoopsError(
    'STATE_DAMAGED',
    `${phases.mirror} holds ${JSON.stringify(text.slice(0, 40))}, not a number from 0 to ${phases.plans.length}; fix it by hand`,
  );
}
