import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isErrno } from '@cutover/foundation/errno';
import { LoopsError } from '../errors.ts';
import { userHome, userName } from '../processes/user-name.ts';

/** The arguments of a rig's tmux server: in the foreground, with no configuration of the user's. */
export function tmuxServerArgv(socket: string): readonly string[] {
  return ['tmux', '-D', '-u', '-S', socket, '-f', '/dev/null'];
}

/** All that a tmux server, and so every session on it, inherits: nothing of the caller's own environment. */
export function cleanEnvironment(): Record<string, string> {
  return {
    HOME: process.env['HOME'] ?? userHome(),
    USER: userName(),
    LOGNAME: userName(),
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    LANG: process.env['LANG'] ?? 'C.UTF-8',
    SHELL: '/bin/sh',
    TERM: 'screen',
    ...(process.env['XDG_RUNTIME_DIR'] === undefined
      ? {}
      : { XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] }),
  };
}

/** Whether anything listens on a unix socket; a stale socket file is not a server. */
export async function listens(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

/**
 * Starts a tmux server that outlives this process. A second one on the same socket finds the first and ends:
 * tmux holds a lock of its own around that.
 *
 * @throws {LoopsError} `PROGRAM_MISSING`: there is no tmux.
 */
export async function spawnTmuxServer(socket: string): Promise<void> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  const [program = 'tmux', ...rest] = tmuxServerArgv(socket);
  const child = spawn(program, rest, { detached: true, stdio: 'ignore', env: cleanEnvironment(), cwd: '/' });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(isErrno(error, 'ENOENT') ? missingTmux(error) : error));
  });
  child.unref();
}

function missingTmux(cause: Error): LoopsError {
  const path = process.env['PATH'] ?? '';
  return new LoopsError('PROGRAM_MISSING', `tmux is not in the PATH (${path}); install it`, { cause });
}

/** How long a server may take to answer, in milliseconds. */
const answerPatience = 10_000;

/**
 * Runs one command of tmux in a client of its own, with `input` on its standard input; returns what it printed. It
 * never starts a server.
 *
 * @throws {LoopsError} `TMUX_LOST`: the server does not answer.
 */
export async function runTmux(
  socket: string,
  words: readonly string[],
  input?: Uint8Array,
): Promise<{ readonly exitCode: number | null; readonly lines: string[] }> {
  const child = spawn('tmux', ['-N', '-S', socket, ...words], {
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin?.on('error', () => child.stdin?.destroy());
  child.stdin?.end(input);
  let timer: NodeJS.Timeout | undefined;
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      // The server may have been handed its other end, and would keep it open.
      child.stdout?.destroy();
      const late = `does not answer ${words[0]} within ${answerPatience / 1000} s`;
      reject(new LoopsError('TMUX_LOST', `the tmux server at ${socket} ${late}; look whether it hangs`));
    }, answerPatience);
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => clearTimeout(timer));
  return { exitCode, lines: output.split('\n').slice(0, -1) };
}

/** How long a server may take to end, in milliseconds. */
const patience = 3000;

/**
 * Ends the server at a socket without a connection to it.
 *
 * @throws {LoopsError} `TMUX_FAILED`: it still listens; `TMUX_LOST`: it does not answer.
 */
export async function endTmuxServer(socket: string): Promise<void> {
  const end = performance.now() + patience;
  // It may have ended by itself meanwhile, and then no server answers.
  await runTmux(socket, ['kill-server']);
  while (await listens(socket)) {
    if (performance.now() > end) {
      throw new LoopsError('TMUX_FAILED', `the tmux server at ${socket} does not end; end it by hand`);
    }
    await delay(10);
  }
}
