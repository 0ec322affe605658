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
    '',
  ].join('\n');
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
