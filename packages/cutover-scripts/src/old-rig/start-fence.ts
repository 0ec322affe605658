import { CommandError, type Host } from '@cutover/host';
import { on } from '@cutover/host/zx';
import type { CutoverSettings } from '../config/schema.ts';

type OldHost = CutoverSettings['old'];

/** What can start the old rig, and what was done to it. */
export interface OldStarts {
  /** Units that systemd would start, at boot or by hand. */
  readonly startableUnits: readonly string[];
  /** Lines of the rig in the user's crontab that still run. */
  readonly cronLines: readonly string[];
  /** Whether the start script may be executed. */
  readonly scriptExecutable: boolean;
}

const dropIn = 'cutover-fence.conf';
const fenceMark = '#cutover-fenced# ';

/** Looks at everything that could start the old rig again. */
export async function inspectStarts(host: Host, old: OldHost, signal: AbortSignal): Promise<OldStarts> {
  const [units, crontab, executable] = await Promise.all([
    on(host)({ signal })`for unit in ${old.units}; do
      if systemctl cat "$unit" >/dev/null 2>&1 && ! [ -e "/etc/systemd/system/$unit.d"/${dropIn} ]; then echo "$unit"; fi
    done`.lines(),
    readCrontab(host, old.user, signal),
    host.run(['test', '-x', startScript(old)], { reject: false, signal }),
  ]);
  return {
    startableUnits: units,
    cronLines: crontab.filter((line) => isRigLine(line, old)),
    scriptExecutable: executable.exitCode === 0,
  };
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
  const open = crontab.map((line) => (line.startsWith(fenceMark) ? line.slice(fenceMark.length) : line));
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
  await Promise.all([
    fenceBootAgain(host, old, signal),
    host.run(['chmod', 'a-x', startScript(old)], { signal }),
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
  await host.run(['chmod', 'a+x', startScript(old)], { signal });
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

/** The start command's own file, whose execute permission is taken away. */
function startScript(old: OldHost): string {
  return old.start[0] ?? '';
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
