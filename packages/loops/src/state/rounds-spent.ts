import type { RigState } from './rig-state.ts';

/** How often a plan phase was claimed, as far as this rig knows. */
export function roundsSpent({ rounds }: RigState, phase: number): number {
  return rounds?.[String(phase)] ?? 0;
}

/** The state with one more claim in it; a round that is known already changes nothing. */
export function withRound(state: RigState, phase: number, round: number): RigState {
  const most = Math.max(roundsSpent(state, phase), round);
  return { ...state, rounds: { ...state.rounds, [String(phase)]: most } };
}
