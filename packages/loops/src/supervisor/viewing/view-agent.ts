import { adapterOf } from '../../agents/find-adapter.ts';
import type { LoopConfig } from '../../config/rig-config.ts';
import type { AgentStatus } from '../../control/status.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { AgentWatch } from '../agents/agent-watch.ts';
import { dayOf } from '../agents/usage.ts';

/** An agent as `status` shows it; of a generic one nothing is known. */
export function viewAgent(loop: LoopConfig, agents: AgentWatch, store: RigStore): AgentStatus | undefined {
  if (loop.agent === 'generic') return undefined;
  const { dialog, promptProblem, progress, silentRun } = agents.life(loop);
  const { usage, run, handoff, turnSince, block } = store.loop(loop.name);
  const note = loop.contextHandoff?.note;
  const version = progress?.version;
  const versionDoubt = version === undefined ? undefined : adapterOf(loop).versionDoubt?.(version);
  const silence = silentRun !== undefined && silentRun === run ? 'its hooks are not heard' : undefined;
  return {
    kind: loop.agent,
    version,
    doubt: silence ?? versionDoubt,
    dialog:
      dialog === undefined ? undefined : `it shows ${dialog}; answer it with: loops attach ${loop.name}`,
    promptProblem,
    context: progress?.context,
    // One that waits for a person, or for the end of a limit, ends no turn by itself.
    turnSince: dialog === undefined && block === undefined ? turnSince : undefined,
    handoff: handoff === undefined || note === undefined ? undefined : { askedAt: handoff.askedAt, note },
    usage:
      usage === undefined
        ? undefined
        : { ...usage.total, today: usage.day === dayOf(Date.now()).day ? usage.dayTokens : 0 },
  };
}
