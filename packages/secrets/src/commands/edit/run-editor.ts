import { InterruptedError } from '@cutover/foundation/interrupts';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { splitWords } from '../../age/search.ts';
import { SecretsError } from '../../errors.ts';

/** The editor of the environment: sops's own variable first. One that is empty counts as not set. */
export function editorCommand(env: NodeJS.ProcessEnv = process.env): string[] {
  const named = [env['SOPS_EDITOR'], env['VISUAL'], env['EDITOR']].map((text) => splitWords(text ?? ''));
  return named.find((words) => words.length > 0) ?? ['vi'];
}

/** How long an editor may take to end after it was told to, in milliseconds. */
const patience = 2_000;

/** Within this a signal and the end that it brings are one event, in milliseconds. */
const together = 100;

/** For this long after the editor's end Ctrl-C still counts as the editor's, in milliseconds. */
const late = 500;

/**
 * Runs an editor on a file until it ends. Ctrl-C is the editor's own: it reaches it from the terminal, and what it does
 * with it decides. SIGTERM and SIGHUP are handed on to it, and it is killed when it stays.
 *
 * @throws {InterruptedError} when such a signal came and the editor did not end well.
 * @throws {SecretsError} `UNSUPPORTED`: it ended with an error of its own, or could not be started.
 */
export async function runEditor(command: readonly string[], path: string): Promise<void> {
  const [program = 'vi', ...args] = command;
  const editor = spawn(program, [...args, path], { stdio: 'inherit' });
  using signals = handOn(editor);
  let code: unknown;
  try {
    [code] = await once(editor, 'exit');
  } catch (error) {
    throw new SecretsError('UNSUPPORTED', `the editor ${program} could not be started`, {}, { cause: error });
  }
  // Ctrl-C goes to both at once, and that the editor has ended for it may come to be known first.
  if (code !== 0 && signals.received === undefined) await setTimeout(together);
  const { received } = signals;
  if (received === 'SIGTERM' || (received === 'SIGINT' && code !== 0)) throw new InterruptedError(received);
  if (code === 0) return;
  const how = editor.signalCode ?? `exit code ${String(code)}`;
  if (editor.signalCode === 'SIGINT') throw new InterruptedError('SIGINT');
  throw new SecretsError('UNSUPPORTED', `the editor ended with ${how}; the file is as it was`);
}

interface Signals extends Disposable {
  readonly received: 'SIGINT' | 'SIGTERM' | undefined;
}

function handOn(editor: ChildProcess): Signals {
  let received: 'SIGINT' | 'SIGTERM' | undefined;
  let killer: NodeJS.Timeout | undefined;
  const interrupt = (): void => void (received ??= 'SIGINT');
  const end = (signal: NodeJS.Signals): void => {
    received = 'SIGTERM';
    editor.kill(signal);
    killer ??= globalThis.setTimeout(() => editor.kill('SIGKILL'), patience);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', end);
  process.on('SIGHUP', end);
  return {
    get received() {
      return received;
    },
    [Symbol.dispose]() {
      clearTimeout(killer);
      // One from before the editor ended may come to be known only now; it does not give up what the editor saved.
      globalThis.setTimeout(() => process.off('SIGINT', interrupt), late).unref();
      process.off('SIGTERM', end);
      process.off('SIGHUP', end);
    },
  };
}
