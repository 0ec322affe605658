import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isErrno, unlessAbsent, unlessRefused } from '../src/errno.ts';

test('absence is an answer, every other failure is not', async () => {
  expect(await unlessAbsent(readFile('/nowhere'))).toBeUndefined();
  await expect(unlessAbsent(readFile('/'))).rejects.toMatchObject({ code: 'EISDIR' });
  const error: unknown = await readFile('/nowhere').catch((cause: unknown) => cause);
  expect([isErrno(error, 'EACCES', 'ENOENT'), isErrno(error, 'EACCES'), isErrno('ENOENT', 'ENOENT')]).toEqual(
    [true, false, false],
  );
});

test('every refusal of the operating system is an answer where that is asked for, and no other failure is', async () => {
  expect(await unlessRefused(readFile('/'))).toBeUndefined();
  expect(await unlessRefused(Promise.resolve(1))).toBe(1);
  await expect(unlessRefused(Promise.reject(new TypeError('no')))).rejects.toThrow('no');
});
