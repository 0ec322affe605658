import { setTimeout as delay } from 'node:timers/promises';
import type { LoopConfig } from '../../config/rig-config.ts';
import { RequestRefusedError } from '../../errors.ts';
import type { RigTmux } from '../../tmux/rig-tmux.ts';

/** One agent takes an Enter that follows within 120 ms for a part of the paste. */
const pauseBeforeEnter = 250;

/**
 * Types a text into an agent's terminal, byte for byte, and submits it once with Enter.
 *
 * @param record called just before the first byte is typed, to remember that it was.
 * @throws {RequestRefusedError} `PROMPT_REFUSED`: the screen shows a menu; nothing was typed.
 */
export async function deliverPrompt(
  tmux: RigTmux,
  paneId: string,
  loop: Pick<LoopConfig, 'name' | 'menu'>,
  text: Uint8Array,
  record: () => Promise<void>,
): Promise<void> {
  if (loop.menu.length > 0) {
    const screen = (await tmux.screen(paneId)).join('\n');
    const menu = loop.menu.find((pattern) => new RegExp(pattern, 'm').test(screen));
    if (menu !== undefined) {
      throw new RequestRefusedError(
        'PROMPT_REFUSED',
        `${loop.name} shows a menu (${menu}); nothing was typed`,
      );
    }
  }
  await record();
  await tmux.paste(paneId, text);
  await delay(pauseBeforeEnter);
  await tmux.press(paneId, 'Enter');
}
