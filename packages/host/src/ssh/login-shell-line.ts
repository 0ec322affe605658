/**
 * One line that any login shell reads alike (sh, bash, zsh, ksh, csh, tcsh, fish), and that has `sh` run `script`. All
 * that a shell could take for something else inside of single quotes is written as `\ooo`, which `printf` of `sh` makes
 * bytes of: csh ends a command at a newline and expands `!`, and fish reads a backslash before a quote. `exec` makes
 * the shell become `sh`, so that the exit code or the signal is the script's own.
 */
export function loginShellLine(script: string): string {
  return `exec sh -c 'eval "$(printf "$1")"' sh '${encode(script)}'`;
}

function encode(script: string): string {
  // A character a byte.
  return Buffer.from(script)
    .toString('latin1')
    .replaceAll(/[^ -~]|['\\!%]/g, (byte) => octal(byte.charCodeAt(0)));
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`;
}
