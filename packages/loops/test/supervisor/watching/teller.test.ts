import { expect, it } from 'vitest';
import { Background } from '../../../src/concurrency/background.ts';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';
import { EventHub } from '../../../src/events/event-hub.ts';
import { createTeller } from '../../../src/supervisor/watching/watch-actions.ts';

it('tells an agent nothing where the config has nothing to tell', async () => {
  const told: string[] = [];
  const background = new Background(() => {});
  const tell = createTeller({
    supervisor: {
      prompt: async (_, text) => told.push(Buffer.from(text).toString()) > 0,
      restart: async () => {},
    },
    events: new EventHub(() => {}),
    background,
    signal: new AbortController().signal,
  });
  const { loops } = parseRigConfig(
    JSON.stringify({ rig: 'demo', workspace: '/', loops: { one: { command: ['cat'], goOn: '' } } }),
    '/loops.yaml',
  );
  for (const loop of loops) {
    tell(loop, loop.goOn);
    tell(loop, 'Go on.');
  }
  await background.settled();
  expect(told).toEqual(['Go on.']);
});
