import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askText } from '../../src/commands/ask.ts';
import { UsageError } from '../../src/engine/errors.ts';

test('a question leaves nothing at the signal that all questions share, so that no warning is drawn into a later one', async () => {
  const drawn = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => drawn.mockRestore());
  const controller = new AbortController();
  const asked = askText('What is it called?', '', false, controller.signal);
  await vi.waitFor(() => expect(drawn.mock.calls.join('')).toContain('What is it called?'));
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  controller.abort();
  await expect(asked).rejects.toBeInstanceOf(UsageError);
});
