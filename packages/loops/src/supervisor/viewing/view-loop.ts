import type { LoopConfig } from '../../config/rig-config.ts';
import type { AgentStatus, LoopStatus } from '../../control/status.ts';
import type { LoopState } from '../../state/rig-state.ts';
import type { LoopRuntime } from '../context/loop-runtime.ts';

/** One loop as `status` shows it. */
export function viewLoop(
  loop: LoopConfig,
  runtime: LoopRuntime,
  state: LoopState,
  held: boolean,
  agent: AgentStatus | undefined,
): LoopStatus {
  const { waitingFor, startProblem, pid, nextStartAt, lastExit } = runtime;
  const { session, startedAt, block, wanted, restarts, unlimited } = state;
  return {
    name: loop.name,
    state: stateOf(runtime, state, held),
    reason:
      waitingFor ??
      startProblem ??
      agent?.dialog ??
      agent?.promptProblem ??
      handoffWords(agent) ??
      agent?.doubt,
    wanted,
    ready: runtime.ready,
    pid,
    role: loop.role,
    session,
    restarts,
    startedAt,
    ...(nextStartAt === undefined || nextStartAt === 0
      ? {}
      : { nextStartAt: Math.round(Date.now() + nextStartAt - performance.now()) }),
    block,
    agent,
    unlimited: pid === undefined ? undefined : unlimited,
    lastExit,
  };
}

function handoffWords(agent: AgentStatus | undefined): string | undefined {
  return agent?.handoff === undefined ? undefined : `it writes a handoff note to ${agent.handoff.note}`;
}

function stateOf(runtime: LoopRuntime, state: LoopState, held: boolean): LoopStatus['state'] {
  if (runtime.busy !== undefined) return runtime.busy;
  if (runtime.pid !== undefined) return 'running';
  if (!state.wanted) return 'stopped';
  if (held) return 'held';
  if (state.block !== undefined) return 'blocked';
  if ((runtime.nextStartAt ?? 0) > performance.now()) return 'backoff';
  if (runtime.waitingFor !== undefined) return 'waiting';
  return runtime.lastExit === undefined ? 'starting' : 'exited';
}
