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
    `echo ${mark} $$ >&2; ${enter}${become}`,
    'sh',
    ...(cwd === undefined ? [] : [cwd]),
    ...argv,
  ];
}

/** Signals a process group from within the guest; no error when it is gone. */
export function killArgv(signal: NodeJS.Signals, group: number): readonly string[] {
  return ['/bin/sh', '-c', 'kill -s "$1" -- "-$2" 2>/dev/null || :', 'sh', signal.slice(3), String(group)];
}
