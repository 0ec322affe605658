import { userInfo } from 'node:os';
import { UsageError } from '../engine/errors.ts';
import type { Decide, OpenGate } from '../gates/answer.ts';
import { factText } from '../progress/format.ts';
import { printable } from '../progress/printable.ts';

/** A yes-or-no question at the terminal; Ctrl-C and Escape are a no. */
export async function askYes(message: string): Promise<boolean> {
  const { confirm } = await prompts();
  const answer = await confirm({ message, initialValue: false });
  return answer === true;
}

/**
 * A line of text, with what is suggested already typed.
 *
 * @throws {UsageError} the person gave up.
 */
export async function askText(
  message: string,
  suggested: string,
  optional: boolean,
  signal: AbortSignal,
): Promise<string> {
  const { text, isCancel } = await prompts();
  const answer = await text({
    message,
    initialValue: suggested,
    validate: (typed = '') => (typed.trim() === '' && !optional ? 'needs an answer' : undefined),
    // One of its own: the prompt leaves its listener there, and Node's warning of too many would be drawn into the questions.
    signal: AbortSignal.any([signal]),
  });
  if (isCancel(answer)) throw new UsageError('not answered, so nothing was written');
  return answer;
}

/** What the question at the terminal needs of the run around it. */
export interface TerminalRun {
  /** Shows the gate in what is drawn, then stops drawing until the returned function is called. */
  pause(gate: OpenGate): () => void;
  /** A Ctrl-C at the question: the terminal hands it to the question, and to no process. */
  interrupt(): void;
}

/**
 * Asks at the terminal when a gate opens. Escape leaves the gate open for an answer from elsewhere; Ctrl-C interrupts the
 * run, as it does anywhere else.
 */
export function decideAtTerminal({ pause, interrupt }: TerminalRun): Decide {
  return async (gate, signal) => {
    const { confirm, isCancel, log, note } = await prompts();
    const go = pause(gate);
    const keys = watchForInterrupt();
    try {
      const facts = Object.entries(gate.evidence).map(([fact, value]) => `${fact}: ${factText(value)}`);
      note(
        [printable(gate.text), ...(facts.length === 0 ? [] : ['', ...facts])].join('\n'),
        `gate of ${gate.step}`,
      );
      const answer = await confirm({
        message: `Approve ${gate.step}?`,
        active: 'approve',
        inactive: 'deny',
        initialValue: false,
        signal,
      });
      if (!isCancel(answer)) {
        return { decision: answer ? 'approved' : 'denied', by: userInfo().username };
      }
      if (keys.interrupted) {
        log.warn(`not answered: the gate of ${gate.step} stays open, and the run is interrupted`);
        interrupt();
      } else if (!signal.aborted) {
        log.info(
          `not answered here: the gate of ${gate.step} waits for \`approve\` or \`deny\` from elsewhere`,
        );
      }
      return undefined;
    } finally {
      keys[Symbol.dispose]();
      go();
    }
  };
}

interface Keys extends Disposable {
  readonly interrupted: boolean;
}

/** The question takes Ctrl-C and Escape for the same; the byte tells them apart. */
function watchForInterrupt(): Keys {
  let interrupted = false;
  const listener = (bytes: string | Uint8Array): void => {
    interrupted ||= Buffer.from(bytes).includes(0x03);
  };
  process.stdin.on('data', listener);
  return {
    get interrupted() {
      return interrupted;
    },
    [Symbol.dispose]: () => void process.stdin.off('data', listener),
  };
}

/** Loaded when a person is asked: most runs ask none. */
async function prompts() {
  return import('@clack/prompts');
}
