import { checkPath } from '../command/check-command.ts';
import { CommandError, FileNotFoundError, FileRefusedError, OutputLimitError } from '../errors.ts';
import type { ReadFileOptions, RunOptions, RunResult } from '../host.ts';

const defaultMaxBytes = 64 * 1024 * 1024;

/** `Host.run`, told how many bytes of stdout to expect. */
type Run = (argv: readonly string[], options: RunOptions, expected?: number) => Promise<RunResult>;

/** `Host.readFile` on `run`. */
export async function readFile(
  host: { readonly name: string; readonly run: Run },
  path: string,
  { signal, maxBytes = defaultMaxBytes }: ReadFileOptions = {},
): Promise<Uint8Array> {
  checkPath(path, 'path');
  try {
    // Where much may come, it is asked first how much: a buffer that grows would be there twice for a moment.
    const expected = maxBytes > defaultMaxBytes ? await sizeOf(host, path, maxBytes, signal) : 0;
    const options = { env: { LC_ALL: 'C' }, maxOutput: maxBytes, signal };
    const { stdoutBytes } = await host.run(['cat', '--', path], options, expected);
    return stdoutBytes;
  } catch (error) {
    if (error instanceof OutputLimitError) {
      throw new FileRefusedError(host.name, path, `it is larger than maxBytes, ${maxBytes}`, {
        cause: error,
      });
    }
    if (!(error instanceof CommandError) || error.result.exitCode === 127) throw error;
    const why = error.result.stderr.trim().split(': ').at(-1) ?? '';
    // The words of strerror(3) for ENOENT and ENOTDIR in the C locale. EACCES is no evidence of absence.
    if (/^(No such file or directory|Not a directory)$/.test(why))
      throw new FileNotFoundError(host.name, path);
    throw new FileRefusedError(host.name, path, `it could not be read (${why})`, { cause: error });
  }
}

/** Nothing where that cannot be said: `cat` then says why. */
async function sizeOf(
  host: { readonly run: Run },
  path: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { stdout } = await host.run(['stat', '-L', '-c', '%s', '--', path], { reject: false, signal });
  return Math.min(most, Number(stdout) || 0);
}
