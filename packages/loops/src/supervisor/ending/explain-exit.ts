import type { ExitCause } from '../../events/rig-event.ts';
import type { Pane } from '../../tmux/rig-tmux.ts';
import type { AgentSign } from '../../agents/agent-signs.ts';

/** Why an agent ended, from what its pane and its last screen say. */
export function explainExit(
  pane: Pane | undefined,
  sign: AgentSign | undefined,
  outOfMemory: boolean,
): ExitCause {
  if (sign !== undefined) return sign.kind;
  if (outOfMemory) return 'out-of-memory';
  if (pane === undefined) return 'lost';
  // Ended by a signal, or in a way that is not known.
  if (pane.exitCode === undefined) return 'killed';
  return pane.exitCode === 0 ? 'clean' : 'crash';
}
