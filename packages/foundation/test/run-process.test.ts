import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { runProcess } from '../src/run-process.ts';

afterEach(() => {
  process.exitCode = undefined;
});

test("a command's exit code becomes that of the process", async () => {
  const before = process.listeners('exit');
  runProcess(
    new Command('demo').action(() => {
      throw new Error('no');
    }),
    { argv: [], exitCodeOf: () => 17 },
  );
  await vi.waitFor(() => expect(process.exitCode).toBe(17));
  expect(process.listeners('exit')).toEqual(before);
});

test('a command that is left waiting for nothing has failed', () => {
  const before = process.listeners('exit');
  runProcess(
    new Command('demo').action(() => new Promise<void>(() => undefined)),
    { argv: [] },
  );
  const ours = process.listeners('exit').filter((listener) => !before.includes(listener));
  for (const listener of ours) {
    listener(0);
    process.off('exit', listener);
  }
  expect(process.exitCode).toBe(1);
});
