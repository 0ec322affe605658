import { CommandError, type Host } from '@cutover/host';
import { LoopsError } from '../errors.ts';
import { runLimits } from '../processes/run-limits.ts';

/** Which processes on a host make up a rig. Whatever one of the fields names is part of it. */
export interface ProcessSelector {
  /** tmux servers whose panes, and all that descends from them, belong to it. */
  readonly tmux?: readonly TmuxSelector[] | undefined;
  /** Directories: a process that works in one of them, or below, belongs to it. */
  readonly workingDirectories?: readonly string[] | undefined;
  /**
   * Directories: a process without a terminal that works in one of them, or below, belongs to it. A person's shell
   * there does not.
   */
  readonly detachedIn?: readonly string[] | undefined;
  /** Processes that do not belong to it by `detachedIn`, nor those whose children they are: its supervisor, for example. */
  readonly except?: readonly number[] | undefined;
  /** Texts: a process whose command line holds one belongs to it. */
  readonly commandLines?: readonly string[] | undefined;
}

/** A tmux server, by its socket's path or name, and the sessions on it that count (all without `sessions`). */
export interface TmuxSelector {
  readonly socket?: string | undefined;
  readonly name?: string | undefined;
  /** Whose server it is. Default: the host's own user. */
  readonly user?: string | undefined;
  readonly sessions?: readonly string[] | undefined;
  /** Sessions on it that do not count. */
  readonly exceptSessions?: readonly string[] | undefined;
}

/** A process on the host, as `ps` tells it. */
export interface RigProcess {
  readonly pid: number;
  readonly parent: number;
  /** Whether it has a terminal. */
  readonly hasTerminal?: boolean | undefined;
  readonly commandLine: string;
}

/** A pane of a tmux session: the name of the session, and the process that the pane was made for. */
export interface RigSession {
  readonly session: string;
  readonly panePid: number;
  /** The tmux server's own process. */
  readonly serverPid: number;
  readonly server: TmuxSelector;
}

/** What of a rig runs on a host. */
export interface RigProcesses {
  readonly sessions: readonly RigSession[];
  readonly processes: readonly RigProcess[];
}

/**
 * Finds what of a rig runs on a host.
 *
 * @throws {HostConnectionError} the host could not be asked.
 * @throws {CommandError} what lists the processes there does not work.
 */
export async function findRigProcesses(
  host: Host,
  selector: ProcessSelector,
  signal?: AbortSignal,
): Promise<RigProcesses> {
  const limits = runLimits(20_000, signal);
  const sessions = await Promise.all(
    (selector.tmux ?? []).map((server) => listSessions(host, server, limits)),
  );
  return findProcesses(host, selector, sessions.flat(), signal);
}

const listAll = ['ps', '-eww', '-o', 'pid=,ppid=,stat=,tty=,args='];

/** Like `findRigProcesses`, with the sessions known: it asks no tmux server, which may be frozen. */
export async function findProcesses(
  host: Host,
  selector: ProcessSelector,
  sessions: readonly RigSession[],
  signal?: AbortSignal,
): Promise<RigProcesses> {
  const limits = runLimits(20_000, signal);
  const list = host.run(listAll, limits);
  const directories =
    [...(selector.workingDirectories ?? []), ...(selector.detachedIn ?? [])].length === 0
      ? undefined
      : // Processes that end meanwhile, or belong to others, make find complain.
        host.run(
          [
            'find',
            '/proc',
            '-mindepth',
            '2',
            '-maxdepth',
            '2',
            '-name',
            'cwd',
            '-printf',
            String.raw`%h %l\n`,
          ],
          {
            ...limits,
            reject: false,
          },
        );
  const all = parseProcesses((await list).stdout);
  const found = await directories;
  const works = parseDirectories(found?.stdout ?? '');
  // It lists itself at least: without that nothing was looked at, which is not the same as nothing there.
  if (found !== undefined && works.size === 0) throw new CommandError(found);
  return { sessions, processes: selectProcesses(selector, sessions, all, works) };
}

/** This program, if it runs on the host that was asked. On another host its number is a stranger's. */
function thisProcess(all: readonly RigProcess[]): readonly number[] {
  const asked = all.filter(({ commandLine }) => commandLine === listAll.join(' '));
  return asked.some(({ pid }) => withAncestors([pid], all).has(process.pid)) ? [process.pid] : [];
}

/** Which of all processes belong to the rig: never this program, nor what it has started to ask. */
function selectProcesses(
  selector: ProcessSelector,
  sessions: readonly RigSession[],
  all: readonly RigProcess[],
  directories: ReadonlyMap<number, string>,
): RigProcess[] {
  const { workingDirectories = [], detachedIn = [], commandLines = [], except = [] } = selector;
  const chosen = new Set(sessions.map(({ panePid }) => panePid));
  const own = thisProcess(all);
  const spared = withAncestors([...own, ...except], all);
  for (const { pid, hasTerminal, commandLine } of all) {
    const directory = directories.get(pid);
    const places =
      hasTerminal === false && !spared.has(pid) ? [...workingDirectories, ...detachedIn] : workingDirectories;
    const works = directory !== undefined && places.some((one) => isWithin(directory, one));
    if (works || commandLines.some((text) => commandLine.includes(text))) chosen.add(pid);
  }
  for (const pid of own) chosen.delete(pid);
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid, parent } of all) {
      if (chosen.has(parent) && !chosen.has(pid) && !own.includes(pid)) {
        chosen.add(pid);
        grown = true;
      }
    }
  }
  return all.filter(({ pid }) => chosen.has(pid));
}

/** Processes, and all whose children they are. */
function withAncestors(pids: readonly number[], all: readonly RigProcess[]): Set<number> {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const found = new Set<number>();
  for (const start of pids) {
    for (let pid: number | undefined = start; pid !== undefined && !found.has(pid); pid = parents.get(pid)) {
      found.add(pid);
    }
  }
  return found;
}

/** Sends one signal to many processes; those that are gone are no error. */
export async function signalProcesses(
  host: Host,
  signal: NodeJS.Signals,
  pids: readonly number[],
): Promise<void> {
  if (pids.length === 0) return;
  // The shell's own kill: not every host has one as a program.
  await host.run(['sh', '-c', 'kill -s "$0" "$@"', signal.replace(/^SIG/, ''), ...pids.map(String)], {
    reject: false,
    timeout: 20_000,
  });
}

/** A server without sessions has no target to list: the last one went, and it is about to go too. */
const nothingThere =
  /no server running|no current target|error connecting to .*\((?:No such file|Connection refused)/;
const endedMeanwhile = /lost server|server exited/;

async function listSessions(
  host: Host,
  server: TmuxSelector,
  options: { timeout: number; signal?: AbortSignal },
): Promise<RigSession[]> {
  const argv = [
    ...(server.user === undefined ? [] : ['runuser', '-u', server.user, '--']),
    'tmux',
    ...(server.socket === undefined ? [] : ['-S', server.socket]),
    ...(server.name === undefined ? [] : ['-L', server.name]),
    'list-panes',
    '-a',
    '-F',
    '#{pane_pid} #{pid} #{session_name}',
  ];
  const result = await host.run(argv, { ...options, reject: false });
  if (result.exitCode !== 0) {
    if (result.exitCode === 127 || nothingThere.test(result.stderr)) return [];
    // It ended while it was asked: what it says then is nothing.
    if (endedMeanwhile.test(result.stderr)) return listSessions(host, server, options);
    throw new LoopsError('TMUX_FAILED', `${argv.join(' ')} on ${host.name}: ${result.stderr.trim()}`);
  }
  const sessions: RigSession[] = [];
  for (const line of result.stdout.split('\n')) {
    const [, pid, serverPid, session] = /^(\d+) (\d+) (.+)$/.exec(line) ?? [];
    if (pid === undefined || session === undefined) continue;
    if (server.sessions !== undefined && !server.sessions.includes(session)) continue;
    if (server.exceptSessions?.includes(session) === true) continue;
    sessions.push({ session, panePid: Number(pid), serverPid: Number(serverPid), server });
  }
  return sessions;
}

function parseProcesses(output: string): RigProcess[] {
  const processes: RigProcess[] = [];
  for (const line of output.split('\n')) {
    const [, pid, parent, state, terminal, commandLine] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || state?.startsWith('Z') === true) continue;
    const hasTerminal = terminal !== '?';
    processes.push({ pid: Number(pid), parent: Number(parent), hasTerminal, commandLine: commandLine ?? '' });
  }
  return processes;
}

function parseDirectories(output: string): Map<number, string> {
  const directories = new Map<number, string>();
  for (const line of output.split('\n')) {
    const [, pid, directory] = /^\/proc\/(\d+) (.+)$/.exec(line) ?? [];
    if (pid !== undefined && directory !== undefined) directories.set(Number(pid), directory);
  }
  return directories;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory.replace(/\/$/, '')}/`);
}
