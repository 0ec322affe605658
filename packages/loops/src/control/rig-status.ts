import { controlSocket, type RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import { initialState, loopState, planNames } from '../state/initial-state.ts';
import { readState } from '../state/state-store.ts';
import { askSupervisor } from './control-connection.ts';
import type { RigStatus } from './status.ts';

/** The status as the supervisor tells it, or what is on disk when there is none. */
export async function readRigStatus(config: RigConfig, signal?: AbortSignal): Promise<RigStatus> {
  try {
    // The supervisor is the same package, on the same machine: its answer is a status.
    return (await askSupervisor(controlSocket(config), 'status', undefined, signal)) as RigStatus;
  } catch (error) {
    if (error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT') return recordedStatus(config);
    throw error;
  }
}

/** What the state says, while no supervisor is there to say what runs. */
async function recordedStatus(config: RigConfig): Promise<RigStatus> {
  const { listens } = await import('../tmux/tmux-server.ts');
  const { tmuxSocket } = await import('../config/rig-config.ts');
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
            ...(plan === undefined ? {} : { plan }),
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
        ...(role === undefined ? {} : { role }),
        ...(session === undefined ? {} : { session }),
        ...(startedAt === undefined ? {} : { startedAt }),
        ...(block === undefined ? {} : { block }),
      };
    }),
  };
}
