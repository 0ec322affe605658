import { spawn } from 'node:child_process';
import type { RigConfig } from '../config/rig-config.ts';
import type { RigEvent } from './rig-event.ts';

/** How long a notification command may take, in milliseconds: the end of a supervisor waits for it. */
const patience = 10_000;

/** A notification command that failed. */
export interface HookProblem {
  readonly command: string;
  readonly detail: string;
}

/**
 * Runs the notification commands that are meant for an event, with the event as JSON on standard input.
 *
 * @param timeout milliseconds for each of them.
 * @returns what went wrong, one for each command that failed; a failure that is about failures is not told again.
 */
export async function runNotifyHooks(
  config: RigConfig,
  event: RigEvent,
  timeout: number = patience,
): Promise<HookProblem[]> {
  const isAboutHooks = event.type === 'notify-failed';
  const hooks = config.notify.filter(
    ({ events, command }) =>
      events.includes(event.type) && !(isAboutHooks && event.command === command.join(' ')),
  );
  const problems = await Promise.all(
    hooks.map(({ command }) => runHook(command, event, config.workspace, timeout)),
  );
  // Two hooks that fail and listen to failures would set each other off without end.
  return isAboutHooks ? [] : problems.filter((problem) => problem !== undefined);
}

async function runHook(
  command: readonly string[],
  event: RigEvent,
  cwd: string,
  timeout: number,
): Promise<HookProblem | undefined> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd,
    stdio: ['pipe', 'ignore', 'ignore'],
    timeout,
    // One that does not heed TERM would be waited for without end.
    killSignal: 'SIGKILL',
  });
  // A command that does not read its input is none the worse for it.
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(`${JSON.stringify(event)}\n`);
  return new Promise((resolve) => {
    const failed = (detail: string): void => resolve({ command: command.join(' '), detail });
    child.once('error', (error) => failed(`${program}: ${error.message}`));
    child.once('close', (code, signal) =>
      code === 0 ? resolve(undefined) : failed(`${program} ended with ${code ?? signal}`),
    );
  });
}
