import { textTable } from '@cutover/foundation/text-table';
import type { LoopStatus, RigStatus } from '../control/status.ts';
import type { RigEvent } from '../events/rig-event.ts';

/** An event as one line of text. */
export function eventLine({ at, type, ...facts }: RigEvent): string {
  const words = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${JSON.stringify(value)}`],
  );
  return [new Date(at).toISOString(), type, ...words].join(' ');
}

/** The rig as a small table. */
export function statusText(status: RigStatus): string {
  const { rig, supervisor, phase, hold, holdDetail, ownership } = status;
  const rows = [
    ['LOOP', 'STATE', 'WANTED', 'PID', 'RESTARTS', 'UP', 'WHY'],
    ...status.loops.map((loop) => [
      loop.name,
      loop.state,
      loop.wanted ? 'yes' : 'no',
      String(loop.pid ?? '-'),
      String(loop.restarts),
      loop.pid === undefined || loop.startedAt === undefined ? '-' : age(Date.now() - loop.startedAt),
      why(loop),
    ]),
  ];
  const head = [
    `rig ${rig}`,
    `supervisor ${supervisor.state}`,
    ...(phase === undefined
      ? []
      : [`phase ${phase.index} of ${phase.total}${phase.plan === undefined ? '' : ` (${phase.plan})`}`]),
    ...(ownership === undefined ? [] : [`owner ${ownership.owner}@${ownership.epoch}`]),
  ].join(' · ');
  return [
    head,
    ...(hold === undefined ? [] : [`held: ${hold}: ${holdDetail ?? ''}`]),
    ...textTable(rows),
    ...(status.orphans ?? []).map(
      ({ name, pid }) =>
        `${name} (pid ${pid}) runs and is not in the config; end it with: loops stop ${name}`,
    ),
  ].join('\n');
}

function why(loop: LoopStatus): string {
  if (loop.block !== undefined) return `${loop.block.reason}: ${loop.block.detail}`;
  if (loop.reason !== undefined && (loop.pid === undefined || loop.agent !== undefined)) return loop.reason;
  if (loop.lastExit === undefined) return '';
  return `last end: ${loop.lastExit.cause}${loop.lastExit.exitCode === undefined ? '' : ` (${loop.lastExit.exitCode})`}`;
}

/** A span of time in its largest fitting unit. */
export function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
