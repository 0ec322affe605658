import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { createHost, HostConnectionError } from '../../src/index.ts';
import { failOnceLost, until } from '../../src/suite.ts';

test('a host that is lost in a test fails those that follow at once, and one that answers does not', async () => {
  let asked = 0;
  let there = true;
  const host = createHost({
    name: 'pi',
    spawn: async () => {
      asked += 1;
      if (!there) throw new HostConnectionError('CONNECTION_FAILED', 'pi', 'no route to pi');
      const stdout = new PassThrough().end();
      const exit = Promise.resolve({ exitCode: 0, signal: undefined });
      return {
        stdin: new PassThrough(),
        stdout,
        stderr: new PassThrough().end(),
        exit,
        kill: async () => {},
      };
    },
  });
  const hooks: Record<'before' | 'after', (context: object) => unknown> = {
    before: () => {},
    after: () => {},
  };
  failOnceLost(
    {
      beforeEach: (hook: object) => void (hooks.before = hook as typeof hooks.before),
      afterEach: (hook: object) => void (hooks.after = hook as typeof hooks.after),
    } as Parameters<typeof failOnceLost>[0],
    () => host,
  );
  const run = async (name: string, state: 'pass' | 'fail') => {
    hooks.before({});
    await hooks.after({ task: { name, result: { state } } });
  };
  await run('holds', 'pass');
  expect(asked).toBe(0);
  await run('fails on its own account', 'fail');
  expect(asked).toBe(1);
  there = false;
  await run('pulls the plug', 'fail');
  await expect(run('the next one', 'pass')).rejects.toThrow('pi was lost in the test "pulls the plug"');
  expect(asked).toBe(2);
});

test('what is waited for has a deadline of its own', async () => {
  await expect(until(async () => false, 30)).rejects.toThrow('within 30 ms');
});
