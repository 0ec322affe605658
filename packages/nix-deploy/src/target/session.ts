import type { Host } from '@cutover/host';

import { LockedError, PreflightError } from '../errors.ts';
import { parseFacts, type TargetFacts } from './facts.ts';
import { endInput } from './end-input.ts';
import type { TargetPaths } from './paths.ts';
import partsFunction from './parts.sh';
import { readUntil } from './read-until.ts';
import { asRoot, type Privilege, script } from './script.ts';
import sessionScript from './session.sh';
import switchLockScript from './switch-lock.sh';

/** Milliseconds that a target may take for each of its answers. */
const patience = 60_000;

/** One command on a target, which has said the facts of it and can take its lock. */
export interface TargetSession extends AsyncDisposable {
  readonly facts: TargetFacts;
  /**
   * Takes the lock of the target for as long as the session lives. It is a lock of the target's kernel, held by a process on
   * our connection: it cannot be left behind, and it names its holder to the next client.
   *
   * @throws {LockedError}
   * @throws {PreflightError} the target does not answer.
   */
  lock(holder: string): Promise<void>;
}

/**
 * Reads the facts of a target, which changes nothing there.
 *
 * @throws {PreflightError} it does not say them.
 */
export async function openSession(
  host: Host,
  paths: TargetPaths,
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<TargetSession> {
  const values = [paths.profile, paths.state, paths.current, paths.booted, paths.boot];
  const argv = script('session', `${partsFunction}${switchLockScript}${sessionScript}`, ...values);
  const session =
    (await begin(host, asRoot(argv, privilege), true, signal)) ??
    // Where root cannot be had, the facts say so.
    (await begin(host, argv, false, signal));
  return session ?? throwNoAnswer(host);
}

/** @throws {PreflightError} */
function throwNoAnswer(host: Host): never {
  const message = `it does not answer: the command that asks it failed, or took longer than ${patience / 1000} s`;
  const fix = 'look for what hangs there, for instance a mount whose server is away';
  throw new PreflightError(host.name, [{ check: 'no-answer', message, fix }]);
}

/** The facts alone. @throws {PreflightError} the target does not say them. */
export async function readFacts(
  host: Host,
  paths: TargetPaths,
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<TargetFacts> {
  await using session = await openSession(host, paths, privilege, signal);
  return session.facts;
}

/** @returns `undefined` where the command ended without saying the facts. */
async function begin(
  host: Host,
  argv: readonly string[],
  root: boolean,
  signal: AbortSignal | undefined,
): Promise<TargetSession | undefined> {
  const late = new AbortController();
  const stop = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  const stream = host.stream(argv, { signal: stop });
  stream.stderr.resume();
  stream.stdout.setEncoding('utf8');
  const readAnswer = async (wanted: RegExp): Promise<string | undefined> => {
    const timer = setTimeout(() => late.abort(), patience);
    try {
      return await readUntil(stream.stdout, wanted);
    } catch (error) {
      if (late.signal.aborted) throwNoAnswer(host);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    const said = await readAnswer(/^ready $/m);
    if (said === undefined) {
      await stream.exit;
      await stream[Symbol.asyncDispose]();
      return undefined;
    }
    return {
      facts: parseFacts(said, root),
      lock: async (holder) => {
        stream.stdin.write(`${holder}\n`);
        const answer = await readAnswer(/^(held|locked) .*$/m);
        if (answer === undefined) {
          await stream.exit;
          throwNoAnswer(host);
        }
        const rival = /^locked (.*)$/m.exec(answer)?.[1];
        if (rival !== undefined) throw new LockedError(host.name, rival);
      },
      [Symbol.asyncDispose]: async () => await endInput(stream),
    };
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  }
}
