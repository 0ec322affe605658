import type { AgentAdapter, AgentName } from './agent-adapter.ts';
import { claudeCodeAdapter } from './claude-code/claude-code-adapter.ts';
import { genericAdapter } from './generic/generic-adapter.ts';

const adapters: Readonly<Record<AgentName, AgentAdapter>> = {
  generic: genericAdapter,
  'claude-code': claudeCodeAdapter,
};

/** The adapter of a loop's agent. */
export function adapterOf(loop: { readonly agent: AgentName }): AgentAdapter {
  return adapters[loop.agent];
}
