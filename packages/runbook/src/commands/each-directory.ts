import { printable } from '../progress/printable.ts';
import { exitCodes } from './exit-codes.ts';

/** A state directory that could not be read, and why: it hides none of the others. */
export interface UnreadDirectory {
  readonly directory: string;
  readonly problem: string;
}

/** What is read of each directory. Where one cannot be read, the exit code becomes that of a failure. */
export async function readEach<Row>(
  directories: readonly string[],
  read: (directory: string) => Promise<Row>,
): Promise<{ readonly rows: readonly Row[]; readonly unread: readonly UnreadDirectory[] }> {
  const found = await Promise.all(
    directories.map(async (directory) => {
      try {
        return { row: await read(directory) };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return { directory, problem: error.message };
      }
    }),
  );
  const unread = found.flatMap((one) => ('row' in one ? [] : [one]));
  if (unread.length > 0) process.exitCode = exitCodes.failed.code;
  return { rows: found.flatMap((one) => ('row' in one ? [one.row] : [])), unread };
}

/** A table, and what is not in it. */
export function withUnread(table: string, unread: readonly UnreadDirectory[]): string {
  return printable(
    [table, ...unread.map(({ directory, problem }) => `✗ ${directory}  ${problem}`)].join('\n'),
  );
}
