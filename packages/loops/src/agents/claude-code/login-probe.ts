import { spawn } from 'node:child_process';
import { text as readText } from 'node:stream/consumers';
import * as z from 'zod';
import { endProcess } from '../../processes/end-process.ts';
import type { LoginState } from '../agent-adapter.ts';

/** How long the cheap question and the live one may take, in milliseconds: some errors are retried for longer. */
const statusPatience = 20_000;
const callPatience = 60_000;

const statusSchema = z.object({ loggedIn: z.boolean() });
const callSchema = z.object({
  is_error: z.boolean(),
  api_error_status: z.number().nullable().optional(),
  result: z.string().optional(),
});

export interface LoginProbe {
  /** The program, with what goes before it. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether Claude Code is logged in. The cheap question knows only whether there is a login at all; whether it holds, one
 * live call says, and only that costs anything. What gives no answer that is known is unknown: a wrapper that fails ends
 * with 1 as well.
 */
export async function probeLogin(probe: LoginProbe): Promise<LoginState> {
  const status = await run(probe, ['auth', 'status'], statusPatience);
  const login = statusSchema.safeParse(parseJson(status.stdout)).data;
  if (login?.loggedIn === false) return { state: 'logged-out', detail: 'there is no login' };
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

/** Runs the program in a process group of its own, of which nothing is left. */
async function run(
  { program: [program = '', ...before], environment, cwd, signal }: LoginProbe,
  words: readonly string[],
  timeout: number,
): Promise<Ended> {
  signal?.throwIfAborted();
  const child = spawn(program, [...before, ...words], {
    env: { ...environment },
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let why = '';
  const end = (reason: string): void => {
    why = reason;
    if (child.pid !== undefined) endProcess(-child.pid, 'SIGKILL');
  };
  const abort = (): void => end('it was aborted');
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => end(`it took longer than ${timeout / 1000} s`), timeout);
  try {
    const ended = new Promise<number | undefined>((resolve) => {
      child.once('error', ({ message }) => {
        why = message;
        resolve(undefined);
      });
      child.once('exit', (code) => {
        end(why);
        resolve(code ?? undefined);
      });
    });
    const [exitCode, stdout] = await Promise.all([ended, readText(child.stdout)]);
    signal?.throwIfAborted();
    return { exitCode, stdout, why };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
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
