import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import { initialState, loopState, planNames } from '../state/initial-state.ts';
import { readState } from '../state/state-store.ts';
import { listens } from '../tmux/tmux-server.ts';
import type { RigStatus } from '../control/status.ts';

/** What the state says, while no supervisor is there to say what runs. */
export async function recordedStatus(config: RigConfig): Promise<RigStatus> {
  const state = (await readState(config.stateDir)) ?? (await initialState(config));
  const plan = planNames(config)[state.phaseIndex];
  return {
    rig: config.rig,
    supervisor: { state: 'down' },
    server: (await listens(tmuxSocket(config))) ? 'up' : 'down',
    ...(state.quiesced === true ? { hold: 'quiesced' as const } : {}),
    ...(config.phases === undefined
      ? {}
      : {
          phase: {
            index: state.phaseIndex,
            total: config.phases.plans.length,
            plan,
          },
        }),
    loops: config.loops.map(({ name, role }) => {
      const { wanted, restarts, session, startedAt, block } = loopState(config, state, name);
      return {
        name,
        state: 'stopped',
        reason: 'no supervisor',
        wanted,
        ready: false,
        restarts,
        role,
        session,
        startedAt,
        block,
      };
    }),
  };
}
