import { readFile } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import type { Host } from '@cutover/host';

/** Where a text that is secret comes from: a file of this machine, or a command that prints it. */
export type TextSource = string | { readonly command: readonly string[] };

/** The text and where it is from, for messages; or why there is none. */
export type SourceText =
  | { readonly text: string; readonly where: string }
  | { readonly problem: string; readonly cause?: unknown };

/** Reads a text; it is kept nowhere, and in no message. */
export async function readTextSource(
  source: TextSource,
  here: Host,
  signal: AbortSignal,
): Promise<SourceText> {
  return typeof source === 'string' ? fromFile(source) : fromCommand(source.command, here, signal);
}

async function fromFile(file: string): Promise<SourceText> {
  try {
    return { text: await readFile(file, 'utf8'), where: file };
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'EISDIR'))
      return { problem: `${file} cannot be read (${error.code})`, cause: error };
    throw error;
  }
}

/** What it writes to standard error is not shown: some programs write what they print there too. */
async function fromCommand(argv: readonly string[], here: Host, signal: AbortSignal): Promise<SourceText> {
  const where = `the command ${argv[0] ?? ''}`;
  const { exitCode, stdout } = await here.run(argv, { reject: false, timeout: 30_000, signal });
  if (exitCode === 0) return { text: stdout, where };
  return { problem: `${where} ended with ${exitCode ?? 'a signal'}; run it by hand to see why` };
}
