import { expect, it } from 'vitest';
import { claudeCodeAdapter } from '../../../src/agents/claude-code/claude-code-adapter.ts';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';
import { deliverPrompt } from '../../../src/supervisor/prompting/deliver-prompt.ts';

const starting = [' Loading…'];
const trust = [' Do you trust this folder?', ' ❯ No, exit', '   Yes, I trust this folder'];
const limit = [' What do you want to do?', ' ❯ 1. Stop and wait for limit to reset', '   2. Upgrade'];
const line = (draft: string): string[] => ['─'.repeat(40), `❯ ${draft}`, '─'.repeat(40)];
const pasted = line('[Pasted text #1 +3 lines]');

/**
 * A terminal that shows one screen after the other, the last one for ever, and others from a paste or a redraw on; what is
 * pasted and pressed is noted.
 */
function deliver(screens: string[][], afterPaste: string[][] = [], redrawn: string[][] = screens) {
  const [loop] = parseRigConfig(
    JSON.stringify({
      rig: 'demo',
      workspace: '/',
      loops: { one: { agent: 'claude-code', command: ['claude'] } },
    }),
    '/loops.yaml',
  ).loops;
  if (loop === undefined) throw new Error('no loop');
  const done: string[] = [];
  let taken = (): void => {};
  let left = screens;
  const target = {
    tmux: {
      screen: async () => (left.length > 1 ? left.shift() : left[0]) ?? [],
      paste: async (_: string, text: Uint8Array) => {
        done.push(`paste ${Buffer.from(text).toString()}${left[0] === pasted ? ' behind another' : ''}`);
        left = afterPaste;
      },
      press: async (_: string, key: string) => {
        done.push(left[0] === trust ? `${key} into the dialog` : key);
        if (key === 'C-l') left = redrawn;
        if (key === 'Enter') taken();
        if (key === 'C-u') left = [line('')];
      },
    },
    paneId: '%1',
    loop,
    adapter: claudeCodeAdapter,
    signal: new AbortController().signal,
    taken: new Promise<void>((resolve) => (taken = resolve)),
    isCurrent: () => true,
    isInTranscript: async () => false,
  };
  const delivered = deliverPrompt(target, Buffer.from('Do this.'), async () => void done.push('record'));
  return { delivered, done, left: () => left };
}

it('is typed once there is an input line, also where a dialog that a key leaves came first', async () => {
  const { delivered, done, left } = deliver(
    [starting, starting, limit, starting, line('')],
    [...Array.from({ length: 20 }, () => line('Do this.')), line('')],
  );
  await delivered;
  // Another one that is typed before the line is empty would be lost with it; on a busy machine that takes seconds.
  expect(left()).toEqual([line('')]);
  expect(done).toEqual(['Escape', 'record', 'paste Do this.', 'Enter']);
});

it('waits until a paste that was taken before has left the input line: the two would be sent as one', async () => {
  const { delivered, done } = deliver([pasted, pasted, pasted, line('')], [line('Do this.'), line('')]);
  await delivered;
  expect(done).toEqual(['record', 'paste Do this.', 'Enter']);
});

it('clears what the agent took and left in its input line, and nothing that someone has typed since', async () => {
  const theirs = line('[Pasted text #2 +9 lines]');
  const left = deliver([line('')], [pasted], [pasted]);
  const typedSince = deliver([line('')], [pasted, pasted, theirs], [theirs]);
  const behind = line('Wait, [Pasted text #1 +3 lines]');
  const typedBefore = deliver([line('Wait,')], [behind], [behind]);
  await Promise.all([left.delivered, typedSince.delivered, typedBefore.delivered]);
  expect(left.done.slice(2)).toEqual(['Enter', 'C-l', 'C-u']);
  expect(left.left()).toEqual([line('')]);
  expect(typedSince.done.slice(2)).toEqual(['Enter', 'C-l']);
  expect(typedBefore.done.slice(2)).toEqual(['Enter', 'C-l']);
});

it('is typed after a screen that was drawn wrong is drawn again', async () => {
  const garbled = ['─'.repeat(40), '✻ Crunched for 2s', '  paste again to expand', '❯ ', '─'.repeat(40)];
  const { delivered, done } = deliver([garbled], [line('Do this.'), line('')], [garbled, line('')]);
  await delivered;
  expect(done).toEqual(['C-l', 'record', 'paste Do this.', 'Enter']);
});

it('is refused by a dialog that comes where an input line was expected, and nothing is typed', async () => {
  const { delivered, done } = deliver([starting, starting, trust]);
  await expect(delivered).rejects.toMatchObject({ code: 'PROMPT_REFUSED' });
  expect(done).toEqual([]);
});

it('presses no Enter into a dialog that opens after the text was typed', async () => {
  const { delivered, done } = deliver([line('')], [line('Do this.'), trust, line('Do this.'), line('')]);
  await delivered;
  expect(done).toEqual(['record', 'paste Do this.', 'Enter']);
});
