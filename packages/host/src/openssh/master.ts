import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';

import { HostConnectionError } from '@cutover/host-contract';

import { createGuardian, type Guardian, guardianScriptLine } from '../ssh/guardian.ts';
import { loginShellLine } from '../ssh/login-shell-line.ts';
import type { SshHostOptions } from '../ssh/options.ts';
import { sshArguments } from './arguments.ts';

/** One connection of the system's ssh, which others of its processes share. Its own session is the guardian's. */
export interface Master {
  readonly guardian: Guardian;
  /** Arguments of an `ssh` that goes by this connection, destination included. */
  readonly through: readonly string[];
  /** Set when the connection has ended. */
  readonly lost: HostConnectionError | undefined;
  /** Resolves then. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds that ssh gets to end by itself. */
const goodbye = 1_000;

/** @throws {HostConnectionError} there is no connection; `code` and the message say why, in ssh's words. */
export async function startMaster(
  name: string,
  options: SshHostOptions,
  signal: AbortSignal,
): Promise<Master> {
  const args = await sshArguments(name, options);
  // What is left of ready after its line belongs to the guardian.
  const line = loginShellLine(`echo cutover-ready; ${guardianScriptLine}`);
  const argv = [...args.options, '-T', '-M', '-S', args.socket, '--', options.host, line];
  // A group of its own: a Ctrl-C for this program is not one for ssh, which ends when its input does.
  const child = spawn('ssh', argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  child.stdin.on('error', () => undefined);
  let lost: HostConnectionError | undefined;
  let closing = false;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      const what = `the connection to ${name} was ${closing ? 'closed' : 'lost'} (${lastLine(said)}); what was running there may have ended or not: look before you repeat it`;
      lost = new HostConnectionError('CONNECTION_LOST', name, what);
      void rm(args.folder, { recursive: true, force: true }).then(resolve, () => resolve());
    });
    child.once('error', () => child.emit('close'));
  });
  const { connectTimeout = 20_000 } = options;
  const timeout = AbortSignal.timeout(connectTimeout);
  const giveUp = AbortSignal.any([timeout, signal]);
  const stop = (): void => void child.kill();
  // It may have been given up while the arguments were made.
  if (giveUp.aborted) stop();
  else giveUp.addEventListener('abort', stop, { once: true });
  try {
    await ready(child, (printed) => {
      if (timeout.aborted) return startedNothing(name, `within ${connectTimeout} ms: ${printed}${said}`);
      // ssh itself ends with 255.
      return child.exitCode === 255 || child.exitCode === null
        ? connectionError(name, said)
        : startedNothing(name, `and ended: ${printed}${said}`);
    });
  } catch (error) {
    child.kill();
    await ended;
    throw error;
  } finally {
    giveUp.removeEventListener('abort', stop);
  }
  const guardian = createGuardian({
    write: (text) => void child.stdin.write(text),
    end: () => void child.stdin.end(),
    onData: (listener) => void child.stdout.on('data', listener),
    onClose: (listener) => void child.once('close', listener),
  });
  return {
    guardian,
    // Without the socket it would connect by itself; this way it does not.
    through: [
      '-F',
      'none',
      '-o',
      'LogLevel=ERROR',
      '-o',
      'ProxyCommand=false',
      '-T',
      '-S',
      args.socket,
      '--',
      options.host,
    ],
    get lost() {
      return lost;
    },
    ended,
    close: async () => {
      closing = true;
      child.stdin.end();
      const timer = setTimeout(() => child.kill(), goodbye);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Resolves when the guardian has said that it is there. */
async function ready(child: ChildProcess, failure: (printed: string) => HostConnectionError): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let seen = '';
    const onData = (chunk: Buffer): void => {
      seen += chunk.toString('latin1');
      if (!seen.includes('cutover-ready\n')) return;
      child.stdout?.off('data', onData);
      resolve();
    };
    child.stdout?.on('data', onData);
    child.once('close', () => reject(failure(seen)));
  });
}

function startedNothing(host: string, how: string): HostConnectionError {
  const what = `ssh reached ${host}, but the login shell there started nothing ${how.slice(0, 1_000)}`;
  return new HostConnectionError('CONNECTION_FAILED', host, what.trim().replace(/:$/, ''));
}

function connectionError(name: string, said: string): HostConnectionError {
  const code = /REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY/.test(said)
    ? 'HOST_KEY_MISMATCH'
    : /host key is known|Host key verification failed/.test(said)
      ? 'HOST_KEY_UNKNOWN'
      : said.includes('Permission denied')
        ? 'AUTHENTICATION_FAILED'
        : 'CONNECTION_FAILED';
  return new HostConnectionError(
    code,
    name,
    `ssh cannot connect to ${name}: ${said.trim() || 'it did not start'}`,
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
