import type { ExecOptions } from './types.ts';

/** What a command is asked for with. */
export function execBody(
  argv: readonly string[],
  { env, cwd, user, group, terminal }: ExecOptions,
): Record<string, unknown> {
  return {
    command: argv,
    'wait-for-websocket': true,
    interactive: terminal !== undefined,
    environment: env,
    cwd,
    user,
    group,
    ...terminal,
  };
}
