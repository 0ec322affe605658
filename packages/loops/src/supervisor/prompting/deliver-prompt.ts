import { setTimeout as delay } from 'node:timers/promises';
import type { AgentAdapter, ScreenReading } from '../../agents/agent-adapter.ts';
import type { LoopConfig } from '../../config/rig-config.ts';
import { RequestRefusedError } from '../../errors.ts';
import type { RigTmux } from '../../tmux/rig-tmux.ts';

/** One agent takes an Enter that follows within 120 ms for a part of the paste. */
const pauseBeforeEnter = 250;
/** Until another look at an agent that has not acknowledged a prompt, in milliseconds. */
const enterPause = 1500;
/** How long an agent may take to acknowledge a prompt that was typed, in milliseconds. */
const typedPatience = 60_000;
/** How long the input line may take to be there, and to show what was typed, or that it is gone; and between two looks; milliseconds. */
const inputPatience = 20_000;
const echoPatience = 3000;
const echoPause = 100;
/** How often a dialog that a key leaves is left, and how long it may take to be gone, in milliseconds. */
const dismissals = 3;
const dismissPause = 500;

/** Where a prompt goes. */
export interface PromptTarget {
  readonly tmux: Pick<RigTmux, 'screen' | 'paste' | 'press'>;
  readonly paneId: string;
  readonly loop: LoopConfig;
  readonly adapter: AgentAdapter;
  readonly signal: AbortSignal;
  /** Resolves when the agent acknowledges the prompt; absent where it never does. */
  readonly taken?: Promise<void> | undefined;
  /** Whether the agent's transcript has the prompt. */
  readonly isInTranscript: () => Promise<boolean>;
}

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
  const isSeen = await untilEchoed(target, words, before);
  // Where a dialog has opened meanwhile, Enter would answer it.
  if ((await read(target)).takesPrompt === true) await tmux.press(paneId, 'Enter');
  await untilTaken(target, words, taken, { before, isSeen });
  await untilCleared(target, words);
}

/**
 * Waits until no dialog is open and there is an input line: a program that says it is ready may have none yet. What is typed
 * into anything else is lost, or answers something.
 */
async function untilInput(target: PromptTarget): Promise<ScreenReading> {
  const { loop, signal } = target;
  const end = performance.now() + inputPatience;
  for (;;) {
    const reading = await leaveDialog(target);
    if (reading.takesPrompt !== false) return reading;
    if (performance.now() > end) {
      throw new RequestRefusedError(
        'PROMPT_REFUSED',
        `${loop.name} showed no input line for ${inputPatience / 1000} s; nothing was typed. Look with: loops attach ${loop.name}`,
      );
    }
    await delay(echoPause, undefined, { signal });
  }
}

/** Waits until the input line shows what was typed. @returns whether it did in time: what follows tells whether it mattered. */
async function untilEchoed(target: PromptTarget, text: string, before: string): Promise<boolean> {
  return untilRead(target, (reading) => holds(target, reading, text, before));
}

/** A prompt is acknowledged before its input line is emptied: what is typed in between is lost with it. */
async function untilCleared(target: PromptTarget, text: string): Promise<void> {
  await untilRead(target, (reading) => !holds(target, reading, text));
}

async function untilRead(target: PromptTarget, isSo: (reading: ScreenReading) => boolean): Promise<boolean> {
  const end = performance.now() + echoPatience;
  while (!isSo(await read(target))) {
    if (performance.now() > end) return false;
    await delay(echoPause, undefined, { signal: target.signal });
  }
  return true;
}

/** @param before what stood there before the text was typed: as long as that stands there, the text does not. */
function holds(
  { adapter }: PromptTarget,
  { draft }: Pick<ScreenReading, 'draft'>,
  text: string,
  before?: string,
): boolean {
  return draft !== undefined && draft !== before && adapter.isDraftOf(draft, text);
}

/** Leaves a dialog by the key that is known to do no harm; in any other nothing is typed. */
async function leaveDialog(target: PromptTarget): Promise<ScreenReading> {
  const { tmux, paneId, loop, signal } = target;
  for (let left = dismissals; ; left -= 1) {
    const reading = await read(target);
    const { dialog } = reading;
    if (dialog === undefined) return reading;
    if (dialog.key === undefined || left === 0) {
      throw new RequestRefusedError(
        'PROMPT_REFUSED',
        `${loop.name} shows ${dialog.words}; nothing was typed. Answer it with: loops attach ${loop.name}`,
      );
    }
    await tmux.press(paneId, dialog.key);
    await delay(dismissPause, undefined, { signal });
  }
}

/** What was seen of a prompt before its first Enter. */
interface Echo {
  /** What stood in the input line before. */
  readonly before: string;
  readonly isSeen: boolean;
}

async function untilTaken(
  target: PromptTarget,
  text: string,
  taken: Promise<void>,
  echo: Echo,
): Promise<void> {
  const { tmux, paneId, loop, signal, isInTranscript } = target;
  const end = performance.now() + typedPatience;
  const acknowledged = taken.then(() => true);
  let { isSeen } = echo;
  for (;;) {
    if (await Promise.race([acknowledged, delay(enterPause, false, { signal })])) return;
    if (await isInTranscript()) return;
    const { dialog, draft } = await read(target);
    const isThere = holds(target, { draft }, text, echo.before);
    isSeen ||= isThere;
    if (performance.now() > end) {
      const gone = isSeen ? 'it is not in its input line any more' : 'it was never seen in its input line';
      const where = isThere ? 'it still stands in its input line' : gone;
      const because = dialog === undefined ? where : `it shows ${dialog.words}; ${gone}`;
      const before =
        echo.before === '' ? '' : `, where ${JSON.stringify(echo.before.slice(0, 60))} stood before`;
      throw new RequestRefusedError(
        'PROMPT_UNACKNOWLEDGED',
        `${loop.name} did not acknowledge the prompt within ${typedPatience / 1000} s; ${because}${before}`,
      );
    }
    if (isThere && dialog === undefined) await tmux.press(paneId, 'Enter');
  }
}

async function read({ tmux, paneId, loop, adapter }: PromptTarget): Promise<ScreenReading> {
  const lines = await tmux.screen(paneId);
  return adapter.readScreen(lines, loop, { limit: [], login: [] }, Date.now());
}
