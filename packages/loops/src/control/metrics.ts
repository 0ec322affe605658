import type { RigStatus } from './status.ts';

/** The status of a rig in Prometheus' text format (version 0.0.4). */
export function metricsText(status: RigStatus): string {
  const rig = `rig="${status.rig}"`;
  const loops = status.loops.map((loop) => ({ loop, labels: `${rig},loop="${loop.name}"` }));
  return [
    ...metric('loops_supervisor_up', 'gauge', 'Whether the supervisor is there', [
      [rig, status.supervisor.state === 'up'],
    ]),
    ...metric('loops_held', 'gauge', 'Whether no loop may start', [[rig, status.hold !== undefined]]),
    ...(status.phase === undefined
      ? []
      : metric('loops_phase', 'gauge', 'The plan phase, from 0', [[rig, status.phase.index]])),
    ...metric(
      'loops_wanted',
      'gauge',
      'Whether a loop is to run',
      loops.map(({ loop, labels }) => [labels, loop.wanted]),
    ),
    ...metric(
      'loops_running',
      'gauge',
      'Whether a loop runs',
      loops.map(({ loop, labels }) => [labels, loop.pid !== undefined]),
    ),
    ...metric(
      'loops_blocked',
      'gauge',
      'Whether a limit, a login or an escalation blocks a loop',
      loops.map(({ loop, labels }) => [labels, loop.block !== undefined]),
    ),
    ...metric(
      'loops_restarts_total',
      'counter',
      'Restarts after an end',
      loops.map(({ loop, labels }) => [labels, loop.restarts]),
    ),
    ...metric(
      'loops_started_seconds',
      'gauge',
      'Unix time of the last start',
      loops.map(({ loop, labels }) => [labels, (loop.startedAt ?? 0) / 1000]),
    ),
    ...agentMetrics(status, rig),
    '',
  ].join('\n');
}

/** What is known of agents that tell; nothing where no loop has one. */
function agentMetrics({ loops }: RigStatus, rig: string): string[] {
  const agents = loops.flatMap(({ name, agent }) =>
    agent === undefined ? [] : [{ agent, labels: `${rig},loop="${name}"` }],
  );
  if (agents.length === 0) return [];
  const kinds = ['input', 'cacheWrite', 'cacheRead', 'output'] as const;
  return [
    ...metric(
      'loops_agent_tokens_total',
      'counter',
      'Tokens that a loop has used, in all its sessions',
      agents.flatMap(({ agent, labels }) =>
        kinds.map((kind) => [`${labels},kind="${kind}"`, agent.usage?.[kind] ?? 0] as const),
      ),
    ),
    ...metric(
      'loops_agent_tokens_today',
      'gauge',
      'Input, cache writes and output of the day, in UTC',
      agents.map(({ agent, labels }) => [labels, agent.usage?.today ?? 0]),
    ),
    ...metric(
      'loops_agent_context_tokens',
      'gauge',
      'Tokens in the context at the last answer',
      agents.map(({ agent, labels }) => [labels, agent.context ?? 0]),
    ),
    ...metric(
      'loops_agent_needs_person',
      'gauge',
      'Whether a dialog waits for a person, or a prompt was not acknowledged',
      agents.map(({ agent, labels }) => [
        labels,
        agent.dialog !== undefined || agent.promptProblem !== undefined,
      ]),
    ),
  ];
}

function metric(
  name: string,
  type: string,
  help: string,
  samples: readonly (readonly [string, number | boolean])[],
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}{${labels}} ${Number(value)}`),
  ];
}
