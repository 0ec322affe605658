import signalScript from '@cutover/foundation/signal-group.sh';

/** A process group in a guest, told from a later one of the same number by when its leader started. */
export interface LaunchedGroup {
  readonly id: number;
  /** Field 22 of /proc/PID/stat; empty where there is no /proc. */
  readonly startTime: string;
}

/**
 * The command line that makes a command the leader of a session of its own, says on stderr which process group that is,
 * and then becomes the command: `exec` throughout, so the exit code is the command's own. The daemon itself puts a
 * command in a group from outside the guest, which cannot be signalled from within.
 */
export function launchArgv(
  argv: readonly string[],
  cwd: string | undefined,
  mark: string,
): readonly string[] {
  const enter = cwd === undefined ? '' : 'cd -- "$1" || exit 127; shift; ';
  // No shell has a portable way to exec a command whose name begins with a dash.
  const become = argv[0]?.startsWith('-') === true ? 'exec env -- "$@"' : 'exec "$@"';
  return [
    'setsid',
    '/bin/sh',
    '-c',
    `_cutover=; { read -r _cutover < /proc/$$/stat; } 2>/dev/null; echo ${mark} $$ "\${_cutover##*) }" >&2; ${enter}${become}`,
    'sh',
    ...(cwd === undefined ? [] : [cwd]),
    ...argv,
  ];
}

/** Signals a process group from within the guest; no error when it is gone, or its number is another process's by now. */
export function killArgv(signal: NodeJS.Signals, { id, startTime }: LaunchedGroup): readonly string[] {
  return ['/bin/sh', '-c', signalScript, 'sh', signal.slice(3), String(id), startTime];
}
