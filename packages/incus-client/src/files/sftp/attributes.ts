import { FileError } from '../../errors.ts';
import type { WriteFileAttributes } from '../types.ts';

/** The largest id there is: the kernel takes the next one, -1, for no change of the owner. */
const largestId = 0xffff_fffe;

/**
 * Owner and mode as they were asked for, before anything is sent. The mode may have the bits of a file's type, as `stat` of
 * Node gives it.
 *
 * @throws {FileError} `BAD_REQUEST`: there is no such owner or mode.
 */
export function asked<Attributes extends WriteFileAttributes>(
  filePath: string,
  attributes: Attributes,
): Attributes {
  const { uid, gid, mode } = attributes;
  for (const [name, id] of Object.entries({ uid, gid }))
    if (id !== undefined && !isWhole(id, largestId))
      throw new FileError('BAD_REQUEST', filePath, `${name} should be a whole number, and is ${String(id)}`);
  if (mode === undefined) return attributes;
  if (!isWhole(mode, 0o177_777))
    throw new FileError(
      'BAD_REQUEST',
      filePath,
      `mode should be a number such as 0o640, and is ${String(mode)}`,
    );
  return { ...attributes, mode: mode & 0o7777 };
}

function isWhole(value: unknown, largest: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largest;
}
