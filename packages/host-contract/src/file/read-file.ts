import { checkPath } from '../command/check-command.ts';
import { CommandError, FileNotFoundError, FileRefusedError, OutputLimitError } from '../errors.ts';
import type { Host, ReadFileOptions } from '../host.ts';

const defaultMaxBytes = 64 * 1024 * 1024;

/** `Host.readFile` on `Host.run`. */
export async function readFile(
  host: Pick<Host, 'name' | 'run'>,
  path: string,
  { signal, maxBytes = defaultMaxBytes }: ReadFileOptions = {},
): Promise<Uint8Array> {
  checkPath(path, 'path');
  try {
    const { stdoutBytes } = await host.run(['cat', '--', path], {
      env: { LC_ALL: 'C' },
      maxOutput: maxBytes,
      signal,
    });
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
