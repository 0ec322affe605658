import { spawn } from 'node:child_process';
import type { RigConfig } from '../config/rig-config.ts';
import type { RigEvent } from './rig-event.ts';

/** How long a notification command may take, in milliseconds: the end of a supervisor waits for it. */
const patience = 10_000;

/**
 * Runs the notification commands that are meant for an event, with the event as JSON on standard input.
 *
 * @returns what went wrong, one text per command that failed.
 */
export async function runNotifyHooks(config: RigConfig, event: RigEvent): Promise<string[]> {
  const hooks = config.notify.filter(({ events }) => events.includes(event.type));
  const problems = await Promise.all(hooks.map(({ command }) => runHook(command, event, config.workspace)));
  return problems.filter((problem) => problem !== undefined);
}

async function runHook(
  command: readonly string[],
  event: RigEvent,
  cwd: string,
): Promise<string | undefined> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd, stdio: ['pipe', 'ignore', 'ignore'], timeout: patience });
  // A command that does not read its input is none the worse for it.
  child.stdin.on('error', () => child.stdin.destroy());
  child.stdin.end(`${JSON.stringify(event)}\n`);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`${program}: ${error.message}`));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `${program} ended with ${code ?? signal}`),
    );
  });
}
