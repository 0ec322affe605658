import type { Readable } from 'node:stream';

import type { CommandStream, Host } from '@cutover/host';

import { LockedError, PreflightError } from '../errors.ts';
import { factsScript, parseFacts, type TargetFacts } from './facts.ts';
import type { TargetPaths } from './paths.ts';
import { asRoot, type Privilege, script } from './script.ts';

/** Milliseconds that a target may take to say its facts. */
const patience = 60_000;

/** One command on a target, which has said the facts of it and can take its lock. */
export interface TargetSession extends AsyncDisposable {
  readonly facts: TargetFacts;
  /**
   * Takes the lock of the target for as long as the session lives. It is a lock of the target's kernel, held by a process on
   * our connection: it cannot be left behind, and it names its holder to whoever comes second.
   *
   * @throws {LockedError}
   */
  lock(holder: string): Promise<void>;
}

/** Reads the facts of a target, which changes nothing there. */
export async function openSession(
  host: Host,
  paths: TargetPaths,
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<TargetSession> {
  const values = [paths.profile, paths.state, paths.current, paths.booted, paths.boot];
  const argv = script('session', `${factsScript}${lockScript}`, ...values);
  const asked = asRoot(argv, privilege);
  const session =
    (await begin(host, asked, true, signal)) ??
    // Where root cannot be had, the facts say so.
    (await begin(host, argv, false, signal));
  if (session !== undefined) return session;
  const message = `it did not say within ${patience / 1000} s what it is`;
  const mend = 'look for what hangs there, for instance a mount whose server is away';
  throw new PreflightError(host.name, [{ check: 'no-answer', message, mend }]);
}

export async function readFacts(
  host: Host,
  paths: TargetPaths,
  privilege: Privilege,
  signal?: AbortSignal,
): Promise<TargetFacts> {
  await using session = await openSession(host, paths, privilege, signal);
  return session.facts;
}

/** After the facts: takes the lock for the holder that is named on its input, and keeps it until the input ends. */
const lockScript = `
say ready
read -r holder || exit 0
mkdir -p "$state"
exec 7>> "$state/session.lock"
if ! flock --nonblock 7; then
  of_file "$state/session.holder"
  say locked "\${value:-an unnamed deploy}"
  exit 0
fi
printf '%s\\n' "$holder" > "$state/session.holder"
say held
read -r end
`;

/** @returns `undefined` where the command ended without saying the facts. */
async function begin(
  host: Host,
  argv: readonly string[],
  root: boolean,
  signal: AbortSignal | undefined,
): Promise<TargetSession | undefined> {
  const stream = host.stream(argv, signal === undefined ? {} : { signal });
  stream.stderr.resume();
  stream.stdout.setEncoding('utf8');
  const late = setTimeout(() => void stream.kill('SIGKILL').catch(() => undefined), patience);
  try {
    const said = await saidUntil(stream.stdout, /^ready $/m);
    if (said === undefined) {
      await stream.exit;
      await stream[Symbol.asyncDispose]();
      return undefined;
    }
    return {
      facts: parseFacts(said, root),
      lock: async (holder) => {
        stream.stdin.write(`${holder}\n`);
        const answer = await saidUntil(stream.stdout, /^(held|locked) .*$/m);
        if (answer === undefined) await stream.exit;
        const [, word, rival] = /^(held|locked) (.*)$/m.exec(answer ?? '') ?? [];
        if (word !== 'held') throw new LockedError(host.name, rival ?? 'an unnamed deploy');
      },
      [Symbol.asyncDispose]: async () => await close(stream),
    };
  } catch (error) {
    await stream[Symbol.asyncDispose]();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

/** The end of its input ends it; a connection that was lost has ended it too. */
async function close(stream: CommandStream): Promise<void> {
  stream.stdin.end();
  await Promise.allSettled([stream.exit]);
  await stream[Symbol.asyncDispose]();
}

/** All lines up to one that is as wanted; `undefined` where none is. Leaving a `for await` must not end the stream. */
async function saidUntil(stream: Readable, wanted: RegExp): Promise<string | undefined> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.endsWith('\n') && wanted.test(text)) return text;
  }
  return undefined;
}
