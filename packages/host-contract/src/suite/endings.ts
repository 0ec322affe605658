import { getEventListeners } from 'node:events';

import {
  type ContractOptions,
  type ContractRunner,
  processesWith,
  rejection,
  uniqueSleep,
  until,
  useFixture,
} from './fixture.ts';

export function endingsContract(runner: ContractRunner, options: ContractOptions): void {
  const { describe, expect, it } = runner;
  describe('timeouts and aborts', () => {
    const fixture = useFixture(runner, options);

    it.each([
      ['a command', 'exec sleep "$1"'],
      ['what it has started', 'sleep "$1" & sleep "$1" & wait'],
      ['one that ignores TERM', 'trap "" TERM; sleep "$1"; sleep "$1"'],
      ['one whose children ignore TERM', '(trap "" TERM; sleep "$1") > /dev/null 2>&1 & sleep "$1"'],
    ])('a timeout ends %s', async (_what, script) => {
      const seconds = uniqueSleep();
      const error = await rejection(fixture.host.run(['sh', '-c', script, 'sh', seconds], { timeout: 300 }));
      expect(error).toMatchObject({ name: 'CommandTimeoutError', code: 'COMMAND_TIMEOUT', timeout: 300 });
      await until(async () => (await processesWith(fixture.host, seconds)).length === 0);
    });

    it('does not wait for what has left the command on purpose and holds its output', async () => {
      const seconds = uniqueSleep();
      const script = 'setsid sleep "$1" & exec sleep "$1"';
      const startedAt = performance.now();
      const error = await rejection(fixture.host.run(['sh', '-c', script, 'sh', seconds], { timeout: 300 }));
      expect(error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      for (const path of await processesWith(fixture.host, seconds))
        await fixture.host.run(['kill', path.split('/')[2] ?? ''], { reject: false });
    });

    it('lets a command that handles TERM say its last words', async () => {
      const file = `${fixture.directory}/last-words`;
      const script = 'trap "echo bye > \\"$1\\"; exit" TERM; : > "$1.ready"; while :; do sleep 0.05; done';
      const controller = new AbortController();
      const running = rejection(
        fixture.host.run(['sh', '-c', script, 'sh', file], { signal: controller.signal }),
      );
      const ready = ['test', '-e', `${file}.ready`];
      await until(async () => (await fixture.host.run(ready, { reject: false })).exitCode === 0);
      controller.abort();
      await running;
      expect(Buffer.from(await fixture.host.readFile(file)).toString()).toBe('bye\n');
    });

    it('an abort ends the command, and its reason is the cause', async () => {
      const seconds = uniqueSleep();
      const controller = new AbortController();
      const running = rejection(fixture.host.run(['sleep', seconds], { signal: controller.signal }));
      await until(async () => (await processesWith(fixture.host, seconds)).length > 0);
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await running).toMatchObject({
        name: 'CommandAbortedError',
        code: 'COMMAND_ABORTED',
        cause: reason,
      });
      await until(async () => (await processesWith(fixture.host, seconds)).length === 0);
    });

    it('does not start what is aborted already', async () => {
      const file = `${fixture.directory}/never`;
      const error = await rejection(fixture.host.run(['touch', file], { signal: AbortSignal.abort() }));
      expect(error).toMatchObject({ name: 'CommandAbortedError' });
      expect(await rejection(fixture.host.readFile(file))).toMatchObject({ code: 'FILE_NOT_FOUND' });
    });

    it('an abort at any moment leaves nothing running', async () => {
      const seconds = uniqueSleep();
      for (const delay of [0, 1, 2, 3, 5, 8, 13, 21]) {
        const signal = AbortSignal.timeout(delay);
        expect(await rejection(fixture.host.run(['sleep', seconds], { signal }))).toMatchObject({
          code: 'COMMAND_ABORTED',
        });
      }
      await until(async () => (await processesWith(fixture.host, seconds)).length === 0);
    });

    it('leaves no listener on the signal', async () => {
      const { signal } = new AbortController();
      await fixture.host.run(['true'], { signal, timeout: 60_000 });
      await rejection(fixture.host.run(['false'], { signal }));
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });
  });
}
