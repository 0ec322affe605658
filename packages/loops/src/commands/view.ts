import { textTable } from '@cutover/foundation/text-table';
import type { LoopStatus, RigStatus } from '../control/status.ts';
import type { RigEvent } from '../events/rig-event.ts';
import { colorOfState, type Paint } from './colors.ts';

/** How a status is shown. */
export interface StatusView {
  /** Columns of the terminal; lines are cut there. Default: no limit. */
  readonly width?: number | undefined;
  /** Default: no colours. */
  readonly paint?: Paint | undefined;
}

/** An event as one line of text. */
export function eventLine({ at, type, ...facts }: RigEvent): string {
  const words = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${JSON.stringify(value)}`],
  );
  return [new Date(at).toISOString(), type, ...words].join(' ');
}

/** The rig as a small table. */
export function statusText(status: RigStatus, view: StatusView = {}): string {
  return [...headLines(status, view), ...loopLines(status, view), ...noteLines(status, view)].join('\n');
}

const supervisorWords = { up: 'up', down: 'down', silent: 'does not answer' } as const;

/** Which rig it is, and what holds for all of it. */
export function headLines(status: RigStatus, { width, paint = plain }: StatusView): string[] {
  const { rig, supervisor, phase, hold, holdDetail, ownership } = status;
  const head = [
    `rig ${rig}`,
    `supervisor ${supervisorWords[supervisor.state]}`,
    ...(phase === undefined
      ? []
      : [`phase ${phase.index} of ${phase.total}${phase.plan === undefined ? '' : ` (${phase.plan})`}`]),
    ...(ownership === undefined ? [] : [`owner ${ownership.owner}@${ownership.epoch}`]),
  ].join(' · ');
  const first = cut(head, width);
  return [
    supervisor.state === 'up' ? first : paint('red', first),
    ...(supervisor.reason === undefined
      ? []
      : [paint('red', cut(`not started: ${supervisor.reason}`, width))]),
    ...(hold === undefined ? [] : [paint('yellow', cut(`held: ${hold}: ${holdDetail ?? ''}`, width))]),
  ];
}

/** One line for each loop, below a head of their table. */
export function loopLines({ loops }: RigStatus, { width, paint = plain }: StatusView): string[] {
  const [head = '', ...lines] = textTable([
    ['LOOP', 'STATE', 'WANTED', 'PID', 'RESTARTS', 'UP', 'WHY'],
    ...loops.map((loop) => [
      loop.name,
      loop.state,
      loop.wanted ? 'yes' : 'no',
      String(loop.pid ?? '-'),
      String(loop.restarts),
      loop.pid === undefined || loop.startedAt === undefined ? '-' : age(Date.now() - loop.startedAt),
      why(loop),
    ]),
  ]);
  const at = head.indexOf('STATE');
  return [
    cut(head, width),
    ...lines.map((line, index) => {
      const shown = cut(line, width);
      const state = loops[index]?.state ?? 'unknown';
      if (shown.length < at + state.length) return shown;
      return `${shown.slice(0, at)}${paint(colorOfState[state], state)}${shown.slice(at + state.length)}`;
    }),
  ];
}

/** What an operator should see to: loops without limits, and what runs and is not in the config. */
export function noteLines(
  { loops, orphans = [] }: RigStatus,
  { width, paint = plain }: StatusView,
): string[] {
  const left = orphans.map(
    ({ name, pid }) => `${name} (pid ${pid}) runs and is not in the config; end it with: loops stop ${name}`,
  );
  return [...withoutLimits(loops), ...left].map((line) => paint('yellow', cut(line, width)));
}

/** A line that ends where the terminal does. */
export function cut(line: string, width = Infinity): string {
  const signs = Array.from(line);
  return signs.length <= width ? line : `${signs.slice(0, Math.max(0, width - 1)).join('')}…`;
}

function plain(_: unknown, text: string): string {
  return text;
}

function withoutLimits(loops: readonly LoopStatus[]): string[] {
  const names = loops.filter(({ unlimited }) => unlimited === true).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `${names.join(', ')} without limits: there was no systemd manager to apply them when they were started; ` +
      `run \`loginctl enable-linger\` for their user, then \`loops restart ${names.join(' ')}\``,
  ];
}

function why(loop: LoopStatus): string {
  const { block, reason, pid, lastExit, nextStartAt } = loop;
  if (block !== undefined) return `${block.reason}: ${block.detail}`;
  const next =
    loop.state === 'backoff' && nextStartAt !== undefined
      ? `starts in ${age(Math.max(0, nextStartAt - Date.now()))}; `
      : '';
  if (reason !== undefined && (pid === undefined || loop.agent !== undefined)) return `${next}${reason}`;
  if (lastExit === undefined) return next.replace(/; $/, '');
  const code = lastExit.exitCode === undefined ? '' : ` (${lastExit.exitCode})`;
  return `${next}last end: ${lastExit.cause}${code}`;
}

/** A span of time in its largest fitting unit. */
export function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
