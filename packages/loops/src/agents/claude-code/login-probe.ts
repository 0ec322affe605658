import { execFile } from 'node:child_process';
import * as z from 'zod';
import type { LoginState } from '../agent-adapter.ts';

/** How long the cheap question and the live one may take, in milliseconds: some errors are retried for longer. */
const statusPatience = 20_000;
const callPatience = 60_000;

const callSchema = z.object({
  is_error: z.boolean(),
  api_error_status: z.number().nullable().optional(),
  result: z.string().optional(),
});

export interface LoginProbe {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether Claude Code is logged in. The cheap question knows only whether there is a login at all; whether it holds, one
 * live call says, and only that costs anything.
 */
export async function probeLogin(probe: LoginProbe): Promise<LoginState> {
  const status = await run(probe, ['auth', 'status'], statusPatience);
  if (status.exitCode === 1) return { state: 'logged-out', detail: 'there is no login' };
  if (status.exitCode !== 0) return { state: 'unknown', detail: describe('auth status', status) };
  const words = ['-p', 'Answer with the word ready.', '--output-format', 'json', '--max-turns', '1'];
  const call = await run(probe, words, callPatience);
  return judgeCall(call.stdout) ?? { state: 'unknown', detail: describe('-p', call) };
}

/** What the result of a live call says about the login; `undefined`: nothing. Pure. */
export function judgeCall(stdout: string): LoginState | undefined {
  const call = callSchema.safeParse(parseJson(stdout)).data;
  if (call === undefined) return undefined;
  const detail = (call.result ?? '').slice(0, 200);
  if (!call.is_error) return { state: 'logged-in', detail: 'a live call was answered' };
  if (call.api_error_status === 401 || call.api_error_status === 403) return { state: 'logged-out', detail };
  if (call.api_error_status === 429) return { state: 'at-limit', detail };
  return /\/login\b|Not logged in/.test(detail)
    ? { state: 'logged-out', detail }
    : { state: 'unknown', detail };
}

interface Ended {
  /** `undefined`: it was ended, or it could not be started. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly why: string;
}

async function run(
  { program, environment, cwd, signal }: LoginProbe,
  words: readonly string[],
  timeout: number,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...environment }, cwd, timeout, killSignal: 'SIGKILL', signal } as const;
    const child = execFile(program, words, options, (error, stdout) => {
      if (signal?.aborted === true) reject(error ?? new Error('aborted'));
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
      resolve({ exitCode, stdout, why: error?.message.split('\n')[0] ?? '' });
    });
    child.stdin?.end();
  });
}

function describe(what: string, { exitCode, why }: Ended): string {
  return exitCode === undefined
    ? `claude ${what} gave no answer: ${why}`
    : `claude ${what} ended with ${exitCode} and said nothing that is known`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It printed something else than the document that was asked for.
    return undefined;
  }
}
