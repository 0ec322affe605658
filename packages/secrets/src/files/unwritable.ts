import { isErrno } from '@cutover/foundation/errno';
import { SecretsError } from '../errors.ts';

/** Why a file could not be written, as an error of this package with the file's name; another error as it is. */
export function unwritable(error: unknown, file: string): unknown {
  const why = isErrno(error, 'ENOENT', 'ENOTDIR')
    ? 'its folder does not exist'
    : isErrno(error, 'EACCES', 'EPERM', 'EROFS')
      ? 'this user may not write there'
      : isErrno(error, 'EISDIR')
        ? 'it is a directory'
        : isErrno(error, 'ENOSPC', 'EDQUOT')
          ? 'its disk has no space left for it (ENOSPC); it is as it was'
          : undefined;
  return why === undefined ? error : new SecretsError('FILE_UNWRITABLE', why, { file });
}
