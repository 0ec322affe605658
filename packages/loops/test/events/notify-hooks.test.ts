import { expect, it } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { runNotifyHooks } from '../../src/events/notify-hooks.ts';
import { makeRig, until, untilRunning } from '../rig.ts';

it('are not set off by their own failure, nor two that fail by each other', async () => {
  await using rig = await makeRig({
    loops: { one: { command: ['sleep', '1000'] } },
    notify: [
      { command: ['false'], events: ['started', 'notify-failed'] },
      { command: ['sh', '-c', 'exit 3'], events: ['notify-failed'] },
    ],
  });
  await untilRunning(await rig.supervise());
  const failures = () => rig.events.filter(({ type }) => type === 'notify-failed');
  await until(failures, ({ length }) => length > 0);
  await delay(300);
  expect(failures()).toMatchObject([{ command: 'false', detail: 'false ended with 1' }]);
});

it('are ended when they take too long, also those that do not heed TERM', async () => {
  const command = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'];
  await using rig = await makeRig({
    loops: { one: { command: ['true'] } },
    notify: [{ command, events: ['down'] }],
  });
  const problems = await runNotifyHooks(rig.config, { type: 'down', reason: 'a test', at: 0 }, 300);
  expect(problems).toMatchObject([{ detail: 'sh ended with SIGKILL' }]);
});
