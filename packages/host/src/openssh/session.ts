import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

import { exitFromShell } from '@cutover/foundation/shell-exit';
import {
  type CommandExit,
  HostConnectionError,
  type SpawnCommand,
  type SpawnedCommand,
} from '@cutover/host-contract';

import { launchScript } from '../ssh/launch.ts';
import { loginShellLine } from '../ssh/login-shell-line.ts';
import { findMark, inTwo, notSeen, type ProcessGroup } from '../ssh/mark.ts';
import { quoteArgv } from '../ssh/quote.ts';
import { createEndFinder } from './end-mark.ts';
import type { Master } from './master.ts';

/** Milliseconds for the end of the connection to be known. */
const patience = 500;

/**
 * The command in a session of its own below a shell that outlives it and says how it ended: of a death by a signal, `ssh`
 * says nothing but 255. It says so on both outputs, for a connection may be lost between the two. That shell's own words
 * about such a death go nowhere.
 */
export function lineOf(command: SpawnCommand, mark: string): string {
  const inner = quoteArgv(['setsid', 'sh', '-c', launchScript(command, mark)]);
  const end = `end="${inTwo(mark)}-end $?"; echo "$end" >&3; echo "$end"`;
  return loginShellLine(`exec 3>&2 2>/dev/null; ${inner} 2>&3 3>&-; ${end}`);
}

/** A command on a master's connection, by an `ssh` of its own. */
export interface OpensshSession {
  readonly command: SpawnedCommand;
  /** Whether the server had no session left for it; `false` once it has begun, or has failed otherwise. */
  readonly refused: Promise<boolean>;
  /** Resolves when the session is free again. */
  readonly closed: Promise<void>;
}

export function startSession(
  host: string,
  master: Master,
  { argv }: SpawnCommand,
  { line, mark }: { readonly line: string; readonly mark: string },
): OpensshSession {
  const child = spawn('ssh', [...master.through, line], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let group: ProcessGroup | undefined;
  let killed = false;
  let code: number | undefined;
  let launch: () => void = () => undefined;
  const launched = new Promise<void>((resolve) => {
    launch = resolve;
  });
  let told: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => {
    told = resolve;
  });
  const onGroup = (started: ProcessGroup): void => {
    if (group !== undefined) return;
    group = started;
    master.guardian.add(group);
    launch();
  };
  const output = findMark(child.stdout, mark, onGroup);
  const errors = findMark(child.stderr, mark, onGroup);
  let ends = 0;
  const onEnd = (status: number): void => {
    ends += 1;
    code = status;
    if (group !== undefined) master.guardian.remove(group);
    told();
  };
  const outputEnd = createEndFinder(mark, onEnd);
  const errorsEnd = createEndFinder(mark, onEnd);
  const stdout = follow(child.stdout, (chunk) => outputEnd.filter(output.filter(chunk)));
  const stderr = follow(child.stderr, (chunk) => errorsEnd.filter(errors.filter(chunk)));
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  child.once('close', () => {
    launch();
    told();
    if (ends === 2) {
      stdout.end(outputEnd.rest());
      stderr.end(errorsEnd.rest());
      return;
    }
    const error = lostSight(host, argv);
    for (const stream of [stdout, stderr]) stream.destroy(error);
  });
  child.once('error', (error) => child.emit('close', error));
  // What has left the command on purpose may hold its output; without a reader ssh need not wait for that.
  const leave = (): void => {
    if (stdout.destroyed && stderr.destroyed) void ending.then(() => child.kill());
  };
  for (const stream of [stdout, stderr, child.stdin])
    stream.once('close', leave).on('error', () => undefined);

  const exit = ending.then(async (): Promise<CommandExit> => {
    await Promise.all([output.begun, errors.begun]);
    // One that we have signalled may have ended between its two marks.
    if (code !== undefined && group !== undefined && (killed || (output.passed && errors.passed)))
      return exitFromShell(code);
    // Its ssh ends before that of the connection does: the next call is to make a new one.
    await Promise.race([master.ended, setTimeout(patience, undefined, { ref: false })]);
    if (master.lost !== undefined) throw master.lost;
    if (group !== undefined && code === undefined) throw lostSight(host, argv);
    throw notSeen(host, argv, output, errors);
  });
  // Where a session is refused, it is not the caller who hears of it.
  exit.catch(() => undefined);
  return {
    closed,
    refused: launched.then(
      () => group === undefined && /refused by peer/.test(String(errors.before)) && master.lost === undefined,
    ),
    command: {
      stdin: child.stdin,
      stdout,
      stderr,
      exit,
      kill: async (signal) => {
        await launched;
        killed = true;
        if (group === undefined) child.kill();
        else if (!(await master.guardian.kill(group, signal)))
          throw master.lost ?? new Error('the guardian is gone');
      },
    },
  };
}

function lostSight(host: string, [command = '']: readonly string[]): HostConnectionError {
  const what = `lost sight of ${command} on ${host}, and of what it printed: look before you repeat it`;
  return new HostConnectionError('CONNECTION_LOST', host, what);
}

/** `source` by way of a filter, with back-pressure; its end is told by `ssh`'s. */
function follow(source: Readable, filter: (chunk: Buffer) => Buffer): PassThrough {
  const through = new PassThrough();
  source.on('data', (chunk: Buffer) => {
    const own = filter(chunk);
    if (own.length > 0 && !through.destroyed && !through.write(own)) source.pause();
  });
  through.on('drain', () => source.resume());
  through.on('close', () => source.resume());
  return through;
}
