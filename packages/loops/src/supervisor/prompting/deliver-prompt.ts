import { setTimeout as delay } from 'node:timers/promises';
import { RequestRefusedError } from '../../errors.ts';
import {
  holds,
  holdsOnly,
  type PromptTarget,
  read,
  redrawNowAndThen,
  untilCleared,
  untilEchoed,
  untilInput,
} from './input-line.ts';

/** One agent takes an Enter that follows within 120 ms for a part of the paste. */
const pauseBeforeEnter = 250;
/** Until another look at an agent that has not acknowledged a prompt, in milliseconds. */
const enterPause = 1500;
/** How long an agent may take to acknowledge a prompt that was typed, in milliseconds. */
const typedPatience = 60_000;

/**
 * Types a text into an agent's terminal, byte for byte, and submits it with Enter: once, or, where the agent acknowledges
 * prompts, again for as long as the text stands in its input line.
 *
 * @param record called just before the first byte is typed, to remember that it was.
 * @throws {RequestRefusedError} `PROMPT_REFUSED`: the screen shows a dialog, or no input line; nothing was typed.
 * `PROMPT_UNACKNOWLEDGED`.
 */
export async function deliverPrompt(
  target: PromptTarget,
  text: Uint8Array,
  record: () => Promise<void>,
): Promise<void> {
  const { tmux, paneId, taken } = target;
  const words = Buffer.from(text).toString();
  const { draft: before = '' } = await untilInput(target);
  await record();
  await tmux.paste(paneId, text);
  await delay(pauseBeforeEnter);
  if (taken === undefined) {
    await tmux.press(paneId, 'Enter');
    return;
  }
  const seen = await untilEchoed(target, words, before);
  // Where a dialog has opened meanwhile, Enter would answer it.
  if ((await read(target)).takesPrompt === true) await tmux.press(paneId, 'Enter');
  const echo = await untilTaken(target, words, taken, { before, seen });
  await untilCleared(target, words, before === '' ? echo : undefined);
}

/**
 * Submits a text that was typed before, by a supervisor that has ended since, and still stands in the input line.
 *
 * @returns false where it does not stand there; then nothing is pressed.
 * @throws {RequestRefusedError} `PROMPT_UNACKNOWLEDGED`.
 */
export async function submitTyped(target: PromptTarget, words: string): Promise<boolean> {
  const { tmux, paneId, taken } = target;
  const reading = await read(target);
  if (taken === undefined || !holdsOnly(target, reading, words)) return false;
  await tmux.press(paneId, 'Enter');
  await untilCleared(
    target,
    words,
    await untilTaken(target, words, taken, { before: '', seen: reading.draft }),
  );
  return true;
}

/** What was seen of a prompt before its first Enter. */
interface Echo {
  /** What stood in the input line before. */
  readonly before: string;
  /** What the line showed of it. */
  readonly seen: string | undefined;
}

/** @returns what the input line showed of it. */
async function untilTaken(
  target: PromptTarget,
  text: string,
  taken: Promise<void>,
  echo: Echo,
): Promise<string | undefined> {
  const { tmux, paneId, loop, signal, isInTranscript, isCurrent } = target;
  const end = performance.now() + typedPatience;
  const acknowledged = taken.then(() => true);
  const redraw = redrawNowAndThen(target);
  let { seen } = echo;
  for (;;) {
    if (await Promise.race([acknowledged, delay(enterPause, false, { signal })])) return seen;
    if (!isCurrent())
      throw new RequestRefusedError(
        'PROMPT_UNACKNOWLEDGED',
        `${loop.name} ended before it acknowledged the prompt`,
      );
    if (await isInTranscript()) return seen;
    const reading = await read(target);
    const { dialog } = reading;
    const isThere = holds(target, reading, text, echo.before);
    if (isThere) seen ??= reading.draft;
    if (performance.now() > end) {
      const gone =
        seen !== undefined ? 'it is not in its input line any more' : 'it was never seen in its input line';
      const where = isThere ? 'it still stands in its input line' : gone;
      const because = dialog === undefined ? where : `it shows ${dialog.words}; ${gone}`;
      const before =
        echo.before === '' ? '' : `, where ${JSON.stringify(echo.before.slice(0, 60))} stood before`;
      throw new RequestRefusedError(
        'PROMPT_UNACKNOWLEDGED',
        `${loop.name} did not acknowledge the prompt within ${typedPatience / 1000} s; ${because}${before}`,
      );
    }
    if (!isThere) await redraw(reading);
    else if (dialog === undefined) await tmux.press(paneId, 'Enter');
  }
}
