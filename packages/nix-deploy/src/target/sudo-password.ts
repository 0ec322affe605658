import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';

import { type CommandStream, createHost, type Host, spawnOn } from '@cutover/host';

import type { Target } from './target.ts';

/**
 * The same target, where `sudo` may ask for a password: it is told on the command's standard input, and only when sudo asks for
 * it. It is in no argv, environment, file or message. For deploys with `sudo: true`.
 */
export function withSudoPassword(target: Target, password: string): Target {
  return {
    name: target.name,
    connect: async (signal) => answeringHost(await target.connect(signal), password),
  };
}

function answeringHost(host: Host, password: string): Host {
  return createHost({
    name: host.name,
    spawn: async (command) => {
      const { argv } = command;
      const [program, option, end, ...rest] = argv;
      if (program !== 'sudo' || option !== '-n' || end !== '--') {
        return await spawnOn(host, command);
      }
      const mark = randomBytes(8).toString('hex');
      const asks = `[${mark} password]`;
      const started = `[${mark} started]`;
      // What comes first on stderr, the question or the command's start, says whether there is a question at all.
      const announced = ['sh', '-c', 'echo "$1" >&2; shift; exec "$@"', 'sh', started, ...rest];
      const asking = ['sudo', '-S', '-p', asks, '--', ...announced];
      const stream = await spawnOn(host, { ...command, argv: asking });
      return answer(stream, { asks, started: `${started}\n`, password });
    },
    close: async () => await host[Symbol.asyncDispose](),
  });
}

interface Marks {
  readonly asks: string;
  readonly started: string;
  readonly password: string;
}

/** The same command, whose input waits until sudo has let it start, and whose stderr is without what was agreed with sudo. */
function answer(
  stream: CommandStream,
  marks: Marks,
): Pick<CommandStream, 'stdin' | 'stdout' | 'stderr' | 'exit' | 'kill'> {
  const stdin = new PassThrough();
  const stderr = new PassThrough();
  // The command may end without having read its input.
  stream.stdin.on('error', () => stdin.resume());
  relay(stream, stdin, stderr, marks).catch((error: unknown) => {
    stderr.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return {
    stdin,
    stdout: stream.stdout,
    stderr,
    exit: stream.exit,
    kill: async (signal) => await stream.kill(signal),
  };
}

async function relay(
  stream: CommandStream,
  stdin: PassThrough,
  stderr: PassThrough,
  { asks, started, password }: Marks,
): Promise<void> {
  const pass = async (bytes: Buffer): Promise<void> => {
    if (bytes.length > 0 && !stderr.write(bytes)) await once(stderr, 'drain');
  };
  let pending: Buffer | undefined = Buffer.alloc(0);
  let asked = false;
  for await (const chunk of stream.stderr as AsyncIterable<Buffer>) {
    if (pending === undefined) {
      await pass(chunk);
      continue;
    }
    pending = Buffer.concat([pending, chunk]);
    for (let at = pending.indexOf(asks); at !== -1; at = pending.indexOf(asks)) {
      await pass(pending.subarray(0, at));
      pending = pending.subarray(at + asks.length);
      // Asked again, it was the wrong one.
      if (asked) stream.stdin.end();
      else stream.stdin.write(`${password}\n`);
      asked = true;
    }
    const at = pending.indexOf(started);
    if (at === -1) continue;
    await pass(pending.subarray(0, at));
    await pass(pending.subarray(at + started.length));
    pending = undefined;
    stdin.pipe(stream.stdin);
  }
  // Refused: nothing reads the input any more.
  if (pending !== undefined) stdin.resume();
  stderr.end(pending);
}
