import { posix } from 'node:path';
import { CommandError, type Host } from '@cutover/host';
import type { CutoverSettings } from '../config/schema.ts';

type OldHost = CutoverSettings['old'];

/** What can start the old rig, and what was done to it. */
export interface OldStarts {
  /** Units that systemd would start, at boot or by hand. */
  readonly startableUnits: readonly string[];
  /** Lines of the rig in the user's crontab that still run. */
  readonly cronLines: readonly string[];
  /** Whether the start script may be executed; `false` too where the start command names none. */
  readonly scriptExecutable: boolean;
  /** What is still taken away: units that are fenced or disabled, cron lines that are comments, the script's permission. */
  readonly taken: readonly string[];
}

const dropIn = 'cutover-fence.conf';
const fenceMark = '#cutover-fenced# ';

/** Looks at everything that could start the old rig again. */
export async function inspectStarts(host: Host, old: OldHost, signal: AbortSignal): Promise<OldStarts> {
  const script = startScript(old);
  const [units, crontab, executable] = await Promise.all([
    Promise.all(old.units.map((unit) => inspectUnit(host, unit, signal))),
    readCrontab(host, old.user, signal),
    script === undefined ? undefined : isExecutable(host, script, signal),
  ]);
  return {
    startableUnits: units.filter(({ known, fenced }) => known && !fenced).map(({ unit }) => unit),
    cronLines: crontab.filter((line) => isRigLine(line, old)),
    scriptExecutable: executable ?? false,
    taken: [
      ...units.filter(({ fenced, disabled }) => fenced || disabled).map(({ unit }) => `unit ${unit}`),
      ...crontab.filter((line) => line.startsWith(fenceMark)).map((line) => `cron ${openLine(line)}`),
      ...(executable === false ? ['its start script'] : []),
    ],
  };
}

interface FencedUnit {
  readonly unit: string;
  readonly known: boolean;
  readonly fenced: boolean;
  /** No boot starts it. */
  readonly disabled: boolean;
}

/** A systemd that does not answer is an error: it says nothing about the unit. */
async function inspectUnit(host: Host, unit: string, signal: AbortSignal): Promise<FencedUnit> {
  const show = ['systemctl', 'show', '--property=LoadState', '--property=UnitFileState', '--', unit];
  const [{ stdout }, there] = await Promise.all([
    host.run(show, { signal }),
    host.run(['test', '-e', `/etc/systemd/system/${unit}.d/${dropIn}`], { reject: false, signal }),
  ]);
  const properties = lines(stdout);
  return {
    unit,
    known: !properties.includes('LoadState=not-found'),
    fenced: there.exitCode === 0,
    disabled: properties.includes('UnitFileState=disabled'),
  };
}

async function isExecutable(host: Host, path: string, signal: AbortSignal): Promise<boolean> {
  return (await host.run(['test', '-x', path], { reject: false, signal })).exitCode === 0;
}

/**
 * Takes away what starts the rig by itself, reversibly, and stops nothing: its units are disabled and refuse to start (by a
 * drop-in, which also works for units that `mask` refuses, those in /etc), its cron lines are comments.
 */
export async function fenceBoot(host: Host, old: OldHost, signal: AbortSignal): Promise<void> {
  for (const unit of old.units) {
    await host.run(['install', '-d', `/etc/systemd/system/${unit}.d`], { signal });
    await host.writeFile(
      `/etc/systemd/system/${unit}.d/${dropIn}`,
      `# The loops have moved to another host. cutover rollback takes this away.
[Unit]
RefuseManualStart=yes
ConditionPathExists=/nonexistent/the-loops-have-moved
`,
      { mode: 0o644, signal },
    );
  }
  if (old.units.length > 0) {
    await host.run(['systemctl', 'disable', ...old.units], { reject: false, signal });
    await host.run(['systemctl', 'daemon-reload'], { signal });
  }
  const crontab = await readCrontab(host, old.user, signal);
  const fenced = crontab.map((line) => (isRigLine(line, old) ? `${fenceMark}${line}` : line));
  if (fenced.some((line, index) => line !== crontab[index]))
    await writeCrontab(host, old.user, fenced, signal);
}

/** Gives back what `fenceBoot` took; units are enabled again and not started. */
export async function unfenceBoot(host: Host, old: OldHost, signal: AbortSignal): Promise<void> {
  const crontab = await readCrontab(host, old.user, signal);
  const open = crontab.map(openLine);
  if (open.some((line, index) => line !== crontab[index])) await writeCrontab(host, old.user, open, signal);
  for (const unit of old.units) {
    await host.run(['rm', '-f', `/etc/systemd/system/${unit}.d/${dropIn}`], { signal });
  }
  if (old.units.length > 0) {
    await host.run(['systemctl', 'daemon-reload'], { signal });
    await host.run(['systemctl', 'enable', ...old.units], { signal });
  }
}

/**
 * Takes every way of starting the old rig away, reversibly: what `fenceBoot` takes, and its start script is not executable.
 * Its units, which the quiesce before this has ended, are stopped.
 */
export async function fenceStarts(host: Host, old: OldHost, signal: AbortSignal): Promise<void> {
  const script = startScript(old);
  await Promise.all([
    fenceBootAgain(host, old, signal),
    ...(script === undefined ? [] : [host.run(['chmod', 'a-x', script], { signal })]),
    ...(old.units.length === 0
      ? []
      : [host.run(['systemctl', 'stop', ...old.units], { reject: false, signal })]),
  ]);
}

/** In a move that was done before the stop: it lies in the downtime only where someone undid it. */
async function fenceBootAgain(host: Host, old: OldHost, signal: AbortSignal): Promise<void> {
  const { startableUnits, cronLines } = await inspectStarts(host, old, signal);
  if (startableUnits.length + cronLines.length > 0) await fenceBoot(host, old, signal);
}

/** Gives back what `fenceStarts` took; units are enabled again and not started. */
export async function unfenceStarts(host: Host, old: OldHost, signal: AbortSignal): Promise<void> {
  const script = startScript(old);
  if (script !== undefined) await host.run(['chmod', 'a+x', script], { signal });
  await unfenceBoot(host, old, signal);
}

/** What of it can still start the rig, for people. */
export function openStarts({ startableUnits, cronLines, scriptExecutable }: OldStarts): string[] {
  return [
    ...startableUnits.map((unit) => `unit ${unit}`),
    ...cronLines.map((line) => `cron ${line}`),
    ...(scriptExecutable ? ['its start script'] : []),
  ];
}

/** Where programs lie that a host needs for more than the rig. */
const systemFolders = /^\/(?:(?:usr\/)?(?:s?bin|lib[^/]*)|nix|run)\//;

/**
 * The rig's own program in its start command, whose execute permission is taken away. A shell, an interpreter or systemctl
 * that starts it is the host's: without it the host would be lost. Then units and cron lines are all that is taken.
 */
export function startScript({ start, workspace }: OldHost): string | undefined {
  const [program = '', ...words] = start;
  if (!program.includes('/')) return undefined;
  // It is run in the workspace.
  const path = posix.resolve(workspace, program);
  const isBelow = (place: string): boolean => place.startsWith(`${workspace.replace(/\/+$/, '')}/`);
  if (isBelow(path)) return path;
  const startsAnother = words.some((word) => word.includes('/') && isBelow(posix.resolve(workspace, word)));
  return systemFolders.test(path) || startsAnother ? undefined : path;
}

function openLine(line: string): string {
  return line.startsWith(fenceMark) ? line.slice(fenceMark.length) : line;
}

function isRigLine(line: string, old: OldHost): boolean {
  return old.cronMatch !== undefined && !line.startsWith('#') && line.includes(old.cronMatch);
}

async function readCrontab(host: Host, user: string, signal: AbortSignal): Promise<string[]> {
  const result = await host.run(['crontab', '-l', '-u', user], { reject: false, signal });
  if (result.exitCode === 0) return lines(result.stdout);
  const none = result.exitCode === 127 || result.stderr.includes('no crontab for');
  if (!none) throw new CommandError(result);
  return [];
}

async function writeCrontab(
  host: Host,
  user: string,
  content: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await host.run(['crontab', '-u', user, '-'], {
    input: content.map((line) => `${line}\n`).join(''),
    signal,
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
