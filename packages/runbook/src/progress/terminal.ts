import type { Writable } from 'node:stream';
import type { EngineEvent } from '../engine/events.ts';
import { monotonic } from '../journal/monotonic.ts';
import type { Renderer } from './renderer.ts';
import { treeLines, type TreeStyle } from './tree.ts';
import { type RunView, show } from './view.ts';

/** A terminal, as far as drawing on it goes. */
export interface Terminal extends Writable {
  readonly columns?: number;
  readonly rows?: number;
}

const frame = 120;
const up = (lines: number): string => (lines === 0 ? '' : `\u001B[${lines}A`);
const eraseBelow = '\r\u001B[0J';
const hideCursor = '\u001B[?25l';
const showCursor = '\u001B[?25h';

/** Draws the tree in place, again at every frame; what it showed last stays when it ends. */
export function terminalRenderer(
  terminal: Terminal,
  view: RunView,
  style: Omit<TreeStyle, 'width'>,
): Renderer {
  let drawn = 0;
  let paused = false;
  let ended = false;

  const draw = (): void => {
    if (paused || view.steps.size === 0) return;
    const width = Math.max(40, terminal.columns ?? 80) - 1;
    const lines = treeLines(view, monotonic(), { ...style, width });
    // What has scrolled out of sight cannot be drawn over: a tree taller than the terminal shows its end.
    const visible = lines.slice(-Math.max(1, (terminal.rows ?? 24) - 1));
    terminal.write(`${up(drawn)}${eraseBelow}${visible.join('\n')}\n`);
    drawn = visible.length;
  };
  const timer = setInterval(draw, frame);
  terminal.write(hideCursor);
  // A third Ctrl-C ends the process where it stands; the cursor must not stay hidden after it.
  const restore = (): void => void terminal.write(showCursor);
  process.once('exit', restore);

  return {
    event(event: EngineEvent) {
      show(view, event, monotonic());
    },
    pause() {
      draw();
      paused = true;
      terminal.write(showCursor);
      return () => {
        paused = false;
        drawn = 0;
        terminal.write(hideCursor);
      };
    },
    [Symbol.dispose]() {
      // What is printed after the tree must not be drawn over.
      if (ended) return;
      ended = true;
      clearInterval(timer);
      process.off('exit', restore);
      draw();
      terminal.write(showCursor);
    },
  };
}
