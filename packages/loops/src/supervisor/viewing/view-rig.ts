import type { RigConfig } from '../../config/rig-config.ts';
import type { RigStatus } from '../../control/status.ts';
import { planNames } from '../../state/initial-state.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import type { OwnershipWatch } from '../../ownership/ownership-watch.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { AgentWatch } from '../agents/agent-watch.ts';
import { viewAgent } from './view-agent.ts';
import { viewLoop } from './view-loop.ts';

/** What a status is made of. */
export interface RigParts {
  readonly config: RigConfig;
  readonly store: RigStore;
  readonly keeper: LoopKeeper;
  readonly agents: AgentWatch;
  readonly ownership: OwnershipWatch;
  readonly connected: boolean;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

/** A rig as `status` shows it. */
export function viewRig({
  config,
  store,
  keeper,
  agents,
  ownership,
  connected,
  startedAt,
}: RigParts): RigStatus {
  const { hold } = keeper;
  const index = store.phaseIndex;
  const plan = planNames(config)[index];
  return {
    rig: config.rig,
    supervisor: { state: 'up', pid: process.pid, since: startedAt },
    server: connected ? 'up' : 'down',
    hold: hold?.reason,
    holdDetail: hold?.detail,
    ownership: ownershipOf(ownership),
    ...(config.phases === undefined ? {} : { phase: { index, total: config.phases.plans.length, plan } }),
    orphans:
      keeper.orphans.length === 0 ? undefined : keeper.orphans.map(({ loop, pid }) => ({ name: loop, pid })),
    loops: config.loops.map((loop) =>
      viewLoop(
        loop,
        keeper.runtime(loop.name),
        store.loop(loop.name),
        hold !== undefined,
        viewAgent(loop, agents, store),
      ),
    ),
  };
}

function ownershipOf({ view, lease }: OwnershipWatch): RigStatus['ownership'] {
  if (view.state !== 'owner') return undefined;
  const { owner, epoch } = view.ownership;
  return { owner, epoch, lease };
}
