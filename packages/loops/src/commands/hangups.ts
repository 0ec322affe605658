import { closeSync, openSync } from 'node:fs';

/**
 * Tells a hang-up that asks for the config to be read again (`reload`) from one that says that the terminal is gone
 * (`end`): a process that had a terminal and has none any more was left behind by its operator.
 */
export class Hangups extends EventTarget implements Disposable {
  readonly #hadTerminal = hasTerminal();
  readonly #listener = (): void => {
    const isLeft = this.#hadTerminal && !hasTerminal();
    this.dispatchEvent(new Event(isLeft ? 'end' : 'reload'));
  };

  constructor() {
    super();
    process.on('SIGHUP', this.#listener);
  }

  [Symbol.dispose](): void {
    process.off('SIGHUP', this.#listener);
  }
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    // Whatever is wrong with it, no operator types there.
    return false;
  }
}
