import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isErrno, unlessAbsent } from '../src/errno.ts';

test('absence is an answer, every other failure is not', async () => {
  expect(await unlessAbsent(readFile('/nowhere'))).toBeUndefined();
  await expect(unlessAbsent(readFile('/'))).rejects.toMatchObject({ code: 'EISDIR' });
  const error: unknown = await readFile('/nowhere').catch((cause: unknown) => cause);
  expect([isErrno(error, 'EACCES', 'ENOENT'), isErrno(error, 'EACCES'), isErrno('ENOENT', 'ENOENT')]).toEqual(
    [true, false, false],
  );
});
