import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { isErrno, unlessAbsent } from '@cutover/foundation/errno';
import { CommandTimeoutError, type Host, HostConnectionError, HostError } from '@cutover/host';
import * as z from 'zod';

/** Milliseconds for one look, and between two writes of the last answer. */
const patience = 15_000;
const betweenWrites = 5000;

const schema = z.object({ at: z.string() });

/** Whether a host answers, and when it did last. */
export interface Answers {
  /** When it answered last, ISO 8601, as far as this state directory knows; `null`: never. */
  last(): Promise<string | null>;
  /** Whether anything answers there now, be it with a refusal: what answers is not switched off. */
  now(signal: AbortSignal): Promise<boolean>;
}

/**
 * Watches the answers of a host: `host` is used in its place, and each answer to anyone is remembered in `file`, so that a
 * person's word that the host is off is void from then on, also in later runs.
 */
export function watchAnswers(host: Host, file: string): { readonly host: Host; readonly answers: Answers } {
  let lastAnswer: string | undefined;
  let written = -Infinity;
  let look: Promise<boolean> | undefined;

  const answered = async (): Promise<void> => {
    lastAnswer = new Date().toISOString();
    if (performance.now() - written < betweenWrites) return;
    written = performance.now();
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFileDurably(file, `${JSON.stringify({ at: lastAnswer })}\n`, { mode: 0o600 });
  };
  const watching = async <T>(call: Promise<T>): Promise<T> => {
    try {
      const result = await call;
      await answered();
      return result;
    } catch (error) {
      if (isAnswer(error)) await answered();
      throw error;
    }
  };
  const ask = async (signal: AbortSignal): Promise<boolean> => {
    try {
      await watching(host.run(['true'], { reject: false, timeout: patience, signal }));
      return true;
    } catch (error) {
      if (error instanceof HostConnectionError || error instanceof CommandTimeoutError)
        return isAnswer(error);
      throw error;
    }
  };

  return {
    host: {
      name: host.name,
      run: (argv, options) => watching(host.run(argv, options)),
      stream(argv, options) {
        const stream = host.stream(argv, options);
        // The code that started it learns how it ended, or did not.
        watching(stream.exit).catch(() => undefined);
        return stream;
      },
      readFile: (path, options) => watching(host.readFile(path, options)),
      writeFile: (path, data, options) => watching(host.writeFile(path, data, options)),
      [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
    },
    answers: {
      async last() {
        if (lastAnswer !== undefined) return lastAnswer;
        const text = await unlessAbsent(readFile(file, 'utf8'));
        return text === undefined ? null : schema.parse(JSON.parse(text)).at;
      },
      async now(signal) {
        // Steps that ask at the same time share one look; an older silence says nothing about now.
        look ??= ask(signal).finally(() => {
          look = undefined;
        });
        return look;
      },
    },
  };
}

/** Whether a failed call shows that something there is switched on. */
function isAnswer(error: unknown): boolean {
  if (error instanceof CommandTimeoutError) return error.started;
  if (!(error instanceof HostError)) return false;
  if (!(error instanceof HostConnectionError)) return error.code !== 'COMMAND_ABORTED';
  if (error.code === 'HOST_KEY_MISMATCH' || error.code === 'HOST_KEY_UNKNOWN') return true;
  return error.code === 'AUTHENTICATION_FAILED' || isRefusal(error.cause);
}

/** A port that is closed was closed by a kernel that runs. */
function isRefusal(cause: unknown): boolean {
  if (isErrno(cause, 'ECONNREFUSED')) return true;
  return cause instanceof Error && cause.cause !== undefined && isRefusal(cause.cause);
}
