import { CommandError, type Host, type RunResult } from '@cutover/host';
import { findRigProcesses, type ProcessSelector } from './processes.ts';
import { runLimits } from '../processes/run-limits.ts';

/** What makes up a rig, and where it could be started from. */
export interface StoppedOptions {
  readonly processes: ProcessSelector;
  /** systemd units of the rig, which must be neither active nor enabled. */
  readonly units?: readonly string[] | undefined;
  /** Texts that no timer's service and no line of a crontab may hold: the workspace's path, for example. */
  readonly scheduled?: readonly string[] | undefined;
  /** Whose crontabs are looked at, besides the system's. */
  readonly cronUsers?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Something that runs, or would start again. */
export interface Remainder {
  readonly kind: 'process' | 'tmux' | 'unit' | 'timer' | 'cron';
  readonly detail: string;
}

/** Whether a rig is stopped, and all that was found of it. */
export interface StoppedProof {
  /** Whether nothing remains. */
  readonly stopped: boolean;
  readonly remaining: readonly Remainder[];
}

/**
 * Looks for anything of a rig that still runs, or that would start it again: processes, tmux sessions, units,
 * timers, crontabs.
 *
 * @throws {HostConnectionError} the host could not be asked: that proves nothing.
 * @throws {CommandError} a command there that would tell does not work: that proves nothing either.
 *
 * @example
 * const { stopped, remaining } = await provesStopped(host, {
 *   processes: { tmux: [{ sessions: ['builder', 'watchdog'] }] },
 *   units: ['rig.service'],
 * });
 */
export async function provesStopped(host: Host, options: StoppedOptions): Promise<StoppedProof> {
  const [rig, units, timers, cron] = await Promise.all([
    findRigProcesses(host, options.processes, options.signal),
    Promise.all((options.units ?? []).map((unit) => unitRemainders(host, unit, options))),
    timerRemainders(host, options),
    cronRemainders(host, options),
  ]);
  const remaining: Remainder[] = [
    ...rig.sessions.map(({ session }) => ({ kind: 'tmux' as const, detail: session })),
    ...rig.processes.map(({ pid, commandLine }) => ({
      kind: 'process' as const,
      detail: `${pid} ${commandLine.slice(0, 200)}`,
    })),
    ...units.flat(),
    ...timers,
    ...cron,
  ];
  return { stopped: remaining.length === 0, remaining };
}

function limits({ signal }: StoppedOptions): ReturnType<typeof runLimits> {
  return runLimits(20_000, signal);
}

/** A host without systemd (127) has no units. */
async function unitRemainders(host: Host, unit: string, options: StoppedOptions): Promise<Remainder[]> {
  const shown = await host.run(['systemctl', 'show', '--property=ActiveState,UnitFileState', '--', unit], {
    ...limits(options),
    reject: false,
  });
  if (shown.exitCode === 127) return [];
  const properties = new Map(shown.stdout.split('\n').map((line) => splitOnce(line, '=')));
  const active = properties.get('ActiveState') ?? `unknown (${shown.stderr.trim()})`;
  const enabled = properties.get('UnitFileState') ?? '';
  const remaining: Remainder[] = [];
  if (active !== 'inactive' && active !== 'failed')
    remaining.push({ kind: 'unit', detail: `${unit} is ${active}` });
  if (/^(?:enabled|linked|alias)/.test(enabled))
    remaining.push({ kind: 'unit', detail: `${unit} is ${enabled}` });
  return remaining;
}

/** What systemctl says on a machine that another program was booted with. */
const notBooted = /not been booted with systemd/;

/** What a command printed, where it worked, or where its failure says that there is nothing. A program that is missing (127) has nothing. */
function outputOf(result: RunResult, nothing: RegExp): string {
  const { exitCode, stdout, stderr } = result;
  if (exitCode === 0) return stdout;
  if (exitCode === 127 || nothing.test(stderr)) return '';
  throw new CommandError(result);
}

async function timerRemainders(host: Host, options: StoppedOptions): Promise<Remainder[]> {
  const { scheduled = [] } = options;
  if (scheduled.length === 0) return [];
  const listed = await host.run(
    ['systemctl', 'list-units', '--type=timer', '--plain', '--no-legend', '--no-pager'],
    {
      ...limits(options),
      reject: false,
    },
  );
  const timers = outputOf(listed, notBooted)
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter((unit) => unit.endsWith('.timer'));
  const looks = timers.map(async (timer): Promise<Remainder[]> => {
    const activates = await host.run(
      ['systemctl', 'show', '--property=Unit', '--value', '--', timer],
      limits(options),
    );
    const content = await host.run(['systemctl', 'cat', '--no-pager', '--', timer, activates.stdout.trim()], {
      ...limits(options),
      reject: false,
    });
    const text = scheduled.find((one) => content.stdout.includes(one));
    return text === undefined ? [] : [{ kind: 'timer', detail: `${timer} mentions ${text}` }];
  });
  return (await Promise.all(looks)).flat();
}

async function cronRemainders(host: Host, options: StoppedOptions): Promise<Remainder[]> {
  const { scheduled = [], cronUsers = [] } = options;
  if (scheduled.length === 0) return [];
  const quiet = { ...limits(options), env: { LC_ALL: 'C' }, reject: false };
  const [system, ...own] = await Promise.all([
    // It complains where one of them is not there.
    host.run(['find', '/etc/crontab', '/etc/cron.d', '-type', 'f', '-exec', 'cat', '{}', '+'], quiet),
    ...cronUsers.map(async (user) => host.run(['crontab', '-l', '-u', user], quiet)),
  ]);
  return [system.stdout, ...own.map((table) => outputOf(table, /no crontab for/))]
    .flatMap((text) => text.split('\n'))
    .filter((line) => !line.trimStart().startsWith('#') && scheduled.some((text) => line.includes(text)))
    .map((line) => ({ kind: 'cron', detail: line.trim() }));
}

function splitOnce(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator);
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}
