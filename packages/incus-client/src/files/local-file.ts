import { isErrno } from '@cutover/foundation/errno';
import { FileError, type FileErrorCode } from '../errors.ts';

/** Says of what goes wrong with a file of this machine which file that is. */
export async function onLocalFile<T>(path: string, act: Promise<T>): Promise<T> {
  try {
    return await act;
  } catch (error) {
    throw localError(path, error);
  }
}

/** The same of a stream's error. */
export function localError(path: string, error: unknown): unknown {
  const [code, why] = reasonOf(error) ?? [];
  return code === undefined ? error : new FileError(code, path, `${why} on this machine`, { cause: error });
}

function reasonOf(error: unknown): readonly [FileErrorCode, string] | undefined {
  if (isErrno(error, 'ENOENT')) return ['NOT_FOUND', 'is not there'];
  if (isErrno(error, 'EACCES', 'EPERM')) return ['FORBIDDEN', 'may not be used'];
  if (isErrno(error, 'ENOTDIR', 'EISDIR', 'EEXIST')) return ['ALREADY_EXISTS', 'is of another kind'];
  return undefined;
}
