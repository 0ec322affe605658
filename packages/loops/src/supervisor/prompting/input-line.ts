import { setTimeout as delay } from 'node:timers/promises';
import type { AgentAdapter, ScreenReading } from '../../agents/agent-adapter.ts';
import type { LoopConfig } from '../../config/rig-config.ts';
import { LoopsError, RequestRefusedError } from '../../errors.ts';
import type { RigTmux } from '../../tmux/rig-tmux.ts';

/** How long the input line may take to be there, to show what was typed, and to be empty again; and between two looks; milliseconds. */
const inputPatience = 20_000;
const echoPatience = 3000;
const clearPatience = 5000;
const echoPause = 100;
/** A screen that is not as it should be for so long is drawn again, in milliseconds: the drawing may be what is wrong. */
const redrawPause = 3000;
/** How often a line of what was taken and still stands there is cleared, and how long that may take to be seen, in milliseconds. */
const clearings = 20;
const clearPause = 500;
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
  /** Whether the run that the prompt is for goes on: the next one is in the same pane. */
  readonly isCurrent: () => boolean;
  /** Whether the agent's transcript has the prompt. */
  readonly isInTranscript: () => Promise<boolean>;
}

/**
 * Waits until no dialog is open and there is an input line that holds no paste: a program that says it is ready may have no
 * line yet, and one that took the prompt before may not have emptied it. What is typed into anything else is lost, answers
 * something, or is sent together with what stands there.
 */
export async function untilInput(target: PromptTarget): Promise<ScreenReading> {
  const { loop, signal } = target;
  const redraw = redrawNowAndThen(target);
  const end = performance.now() + inputPatience;
  for (;;) {
    const reading = await leaveDialog(target);
    if (!target.isCurrent())
      throw new RequestRefusedError('PROMPT_REFUSED', `${loop.name} ended meanwhile; nothing was typed`);
    if (reading.takesPrompt !== false && reading.holdsPaste !== true) return reading;
    if (performance.now() > end) {
      const what =
        reading.takesPrompt === false
          ? `showed no input line for ${inputPatience / 1000} s`
          : `has a text in its input line that was not submitted for ${inputPatience / 1000} s`;
      throw new RequestRefusedError(
        'PROMPT_REFUSED',
        `${loop.name} ${what}; nothing was typed. Look with: loops attach ${loop.name}`,
      );
    }
    await redraw(reading);
    await delay(echoPause, undefined, { signal });
  }
}

/**
 * Waits until the input line shows what was typed.
 *
 * @returns what it showed then, `undefined` where that was not seen in time: what follows tells whether it mattered.
 */
export async function untilEchoed(
  target: PromptTarget,
  text: string,
  before: string,
): Promise<string | undefined> {
  return (await untilRead(target, echoPatience, (reading) => holds(target, reading, text, before)))?.draft;
}

/**
 * A prompt is acknowledged before its input line is emptied: what is typed in between is lost with it. A busy machine takes
 * seconds; and an agent that has just started may leave it there for good, or put it back.
 *
 * @param echo what the line showed of it: only that is cleared, and nothing that someone has typed since.
 */
export async function untilCleared(target: PromptTarget, text: string, echo?: string): Promise<void> {
  const { tmux, paneId, adapter } = target;
  const isLeft = (reading: ScreenReading): boolean => holds(target, reading, text);
  const clearKey = echo === undefined ? undefined : adapter.clearKey;
  try {
    if ((await untilRead(target, clearPatience, (reading) => !isLeft(reading))) !== undefined) return;
    if (clearKey === undefined) return;
    // A line at a time.
    for (let left = clearings; left > 0; left -= 1) {
      const { draft } = await read(target);
      if (draft === undefined || draft === '' || !echo?.startsWith(draft)) return;
      await tmux.press(paneId, clearKey);
      await delay(clearPause, undefined, { signal: target.signal });
    }
  } catch (error) {
    // An agent that has ended since took the prompt all the same.
    if (!(error instanceof LoopsError)) throw error;
  }
}

/** @returns the first reading that is so, `undefined` where there is none in time. */
async function untilRead(
  target: PromptTarget,
  patience: number,
  isSo: (reading: ScreenReading) => boolean,
): Promise<ScreenReading | undefined> {
  const redraw = redrawNowAndThen(target);
  const end = performance.now() + patience;
  for (;;) {
    const reading = await read(target);
    if (isSo(reading)) return reading;
    if (performance.now() > end) return undefined;
    await redraw(reading);
    await delay(echoPause, undefined, { signal: target.signal });
  }
}

/** To be called at each look: has the screen drawn again when it is time to, and shows no dialog. */
export function redrawNowAndThen({
  tmux,
  paneId,
  adapter,
}: PromptTarget): (reading: ScreenReading) => Promise<void> {
  let at = performance.now() + redrawPause;
  return async ({ dialog }) => {
    if (adapter.redrawKey === undefined || dialog !== undefined || performance.now() < at) return;
    at = performance.now() + redrawPause;
    await tmux.press(paneId, adapter.redrawKey);
  };
}

/** @param before what stood there before the text was typed: as long as that stands there, the text does not. */
export function holds(
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

/** Whether all that stands in the input line is this text, as far as can be seen: a long paste has a stand-in. */
export function holdsOnly(
  { adapter }: PromptTarget,
  { takesPrompt, draft = '', holdsPaste }: ScreenReading,
  text: string,
): boolean {
  if (takesPrompt !== true) return false;
  return holdsPaste === true || (adapter.isDraftOf(draft, text) && adapter.isDraftOf(text, draft));
}

/** What its screen says now. */
export async function read({ tmux, paneId, loop, adapter }: PromptTarget): Promise<ScreenReading> {
  const lines = await tmux.screen(paneId);
  return adapter.readScreen(lines, loop, { limit: [], login: [] }, Date.now());
}
