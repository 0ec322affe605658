import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import type { LoopStatus, RigStatus } from '../control/status.ts';
import { LoopsError } from '../errors.ts';
import { initialState, loopState, planNames } from '../state/initial-state.ts';
import { requireSameRig } from '../state/require-same-rig.ts';
import { readState } from '../state/state-store.ts';
import { failedRequirement, noStart } from '../units/failed-requirement.ts';
import { type RunningAgent, runningAgents } from '../tmux/running-agents.ts';

/**
 * What the state says, and of what runs the tmux server, while no supervisor says it.
 *
 * @param supervisor `silent`: there is one, and it does not answer.
 */
export async function recordedStatus(
  config: RigConfig,
  supervisor: 'down' | 'silent' = 'down',
): Promise<RigStatus> {
  const recorded = await readState(config.stateDir);
  requireSameRig(config, recorded);
  const state = recorded ?? (await initialState(config));
  const agents = await askServer(config);
  const running = new Map(Array.isArray(agents) ? agents.map((agent) => [agent.loop, agent]) : []);
  const failed = supervisor === 'down' ? await failedRequirement(config.rig) : undefined;
  const total = config.phases?.plans.length ?? 0;
  const why = supervisor === 'down' ? 'no supervisor' : 'the supervisor does not answer';
  const orphans = [...running.values()].filter(({ loop }) => !config.loops.some(({ name }) => name === loop));
  return {
    rig: config.rig,
    supervisor: { state: supervisor, reason: failed && noStart(failed) },
    server: Array.isArray(agents) ? 'up' : (agents ?? 'down'),
    hold: state.quiesced === true ? 'quiesced' : undefined,
    phase:
      total === 0 ? undefined : { index: state.phaseIndex, total, plan: planNames(config)[state.phaseIndex] },
    orphans: orphans.length === 0 ? undefined : orphans.map(({ loop, pid }) => ({ name: loop, pid })),
    loops: config.loops.map(({ name, role }): LoopStatus => {
      const { wanted, restarts, session, startedAt, block, unlimited } = loopState(config, state, name);
      const pid = running.get(name)?.pid;
      const condition = agents === 'silent' ? 'unknown' : pid === undefined ? 'stopped' : 'running';
      return {
        name,
        state: condition,
        reason: why,
        wanted,
        ready: false,
        pid,
        restarts,
        role,
        session,
        startedAt,
        block,
        unlimited: pid === undefined ? undefined : unlimited,
      };
    }),
  };
}

async function askServer(config: RigConfig): Promise<RunningAgent[] | 'silent' | undefined> {
  try {
    return await runningAgents(tmuxSocket(config));
  } catch (error) {
    if (error instanceof LoopsError && error.code === 'TMUX_LOST') return 'silent';
    throw error;
  }
}
