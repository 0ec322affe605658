import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

import { exitFromShell } from '@cutover/foundation/shell-exit';
import {
  type CommandExit,
  CommandRefusedError,
  HostConnectionError,
  type SpawnCommand,
  type SpawnedCommand,
} from '@cutover/host-contract';

import { createMarkFinder, launchScript, parseGroup, type ProcessGroup } from '../ssh/launch.ts';
import { loginShellLine } from '../ssh/login-shell-line.ts';
import { quoteArgv } from '../ssh/quote.ts';
import { createEndFinder } from './end-mark.ts';
import type { Master } from './master.ts';

/** Milliseconds for the end of the connection to be known. */
const patience = 500;

/**
 * The command in a session of its own below a shell that outlives it and says how it ended: of a death by a signal, `ssh`
 * says nothing but 255. That shell's own words about such a death go nowhere.
 */
export function lineOf(command: SpawnCommand, mark: string): string {
  const inner = quoteArgv(['setsid', 'sh', '-c', launchScript(command, mark)]);
  return loginShellLine(`exec 3>&2 2>/dev/null; ${inner} 2>&3 3>&-; echo ${mark}-end $? >&3`);
}

/** A command on a master's connection, by an `ssh` of its own. `over` is called when its session is free again. */
export function startSession(
  host: string,
  master: Master,
  { argv }: SpawnCommand,
  { line, mark, over }: { readonly line: string; readonly mark: string; readonly over: () => void },
): SpawnedCommand {
  const child = spawn('ssh', [...master.through, line], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let group: ProcessGroup | undefined;
  let code: number | undefined;
  let launch: () => void = () => undefined;
  const launched = new Promise<void>((resolve) => {
    launch = resolve;
  });
  let told: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => {
    told = resolve;
  });
  const output = createMarkFinder(mark, () => undefined);
  const start = createMarkFinder(mark, (said) => {
    group = parseGroup(said);
    master.guardian.add(group);
    launch();
  });
  const end = createEndFinder(mark, (status) => {
    code = status;
    if (group !== undefined) master.guardian.remove(group);
    told();
  });
  const stdout = follow(child.stdout, output.filter);
  const stderr = follow(child.stderr, (chunk) => end.filter(start.filter(chunk)));
  child.once('close', () => {
    over();
    launch();
    told();
    if (code !== undefined) {
      stdout.end();
      stderr.end(end.rest());
      return;
    }
    const error = new Error('the connection was lost');
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
    await launched;
    if (code !== undefined && group !== undefined) return exitFromShell(code);
    // Its ssh ends before that of the connection does: the next call is to make a new one.
    await Promise.race([master.ended, setTimeout(patience, undefined, { ref: false })]);
    if (group !== undefined || master.lost !== undefined)
      throw (
        master.lost ??
        new HostConnectionError('CONNECTION_LOST', host, `lost sight of ${argv[0] ?? ''} on ${host}`)
      );
    const said = Buffer.concat([start.before, output.before, end.rest()]).toString().trim().slice(0, 1_000);
    const what = `the login shell did not start it${said === '' ? '' : `: ${said}`}`;
    throw new CommandRefusedError(host, argv, what);
  });
  return {
    stdin: child.stdin,
    stdout,
    stderr,
    exit,
    kill: async (signal) => {
      await launched;
      if (group === undefined) child.kill();
      else if (!(await master.guardian.kill(group, signal)))
        throw master.lost ?? new Error('the guardian is gone');
    },
  };
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
