import { expect, it } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
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
