import { type FileHandle, open, stat } from 'node:fs/promises';
import { isErrno } from '@cutover/foundation/errno';
import { formatSize } from '@cutover/foundation/size';
import { SecretsError } from '../errors.ts';
import { maxInputBytes } from '../sops/formats/format.ts';

/**
 * Reads a whole file, of at most `most` bytes: a device without end, or a file that is larger than any sops file, is refused
 * before it fills the memory. A pipe by name is refused, which would wait for a writer for ever.
 *
 * @throws {SecretsError} `FILE_UNREADABLE`, saying why; `LIMIT_EXCEEDED`.
 */
export async function readFileBounded(path: string, most: number = maxInputBytes): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw unreadable(path, 'it is a directory; name a file in it');
    // A process's own descriptors are open already, as of a shell's `<(command)`.
    if (found.isFIFO() && !/^\/(?:dev\/(?:fd\/|stdin$)|proc\/)/.test(path))
      throw unreadable(path, 'it is a pipe; name a file, or /dev/stdin and send it there');
    if (found.isFile() && found.size > most) throw tooLarge(path, most);
    await using file = await open(path, 'r');
    return await readAtMost(file, path, most);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw unreadable(path, 'there is no such file');
    if (isErrno(error, 'EACCES', 'EPERM')) throw unreadable(path, 'this user may not read it');
    if (isErrno(error, 'EISDIR')) throw unreadable(path, 'it is a directory; name a file in it');
    throw error;
  }
}

async function readAtMost(file: FileHandle, path: string, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20, autoClose: false })) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > most) throw tooLarge(path, most);
    chunks.push(bytes);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function unreadable(path: string, why: string): SecretsError {
  return new SecretsError('FILE_UNREADABLE', why, { file: path });
}

export function tooLarge(path: string, most: number): SecretsError {
  return new SecretsError('LIMIT_EXCEEDED', `it has more than ${formatSize(most)}`, { file: path });
}
