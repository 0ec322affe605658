/**
 * Quotes one word for tmux's own command language, as a control client's line or a hook needs it. Every byte
 * that is not plainly safe becomes `\ooo`, so no content is ever read as a separator, a variable or a format.
 */
export function quoteTmuxWord(text: string): string {
  if (text.includes('\0')) throw new TypeError('a tmux word cannot hold a NUL byte');
  const bytes = Buffer.from(text).toString('latin1');
  const quoted = bytes.replaceAll(
    /[^A-Za-z0-9_./:=@,+-]/g,
    (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return `"${quoted}"`;
}

/** Commands as one line of tmux's command language: they run in one go, the next not when one fails. */
export function tmuxLine(commands: readonly (readonly string[])[]): string {
  return commands.map((words) => words.map(quoteTmuxWord).join(' ')).join(' ; ');
}

/** A session by exactly this name: a bare name would also match by prefix. */
export function exactSession(name: string): string {
  return `=${name}:`;
}
