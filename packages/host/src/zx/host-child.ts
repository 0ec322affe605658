import type { StdioOptions } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

import type { CommandStream, CommandTimeoutError, Host } from '@cutover/host-contract';

import { joinStreams } from './stdio.ts';

export interface ChildOptions {
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Milliseconds between the first signal and KILL when a timeout or an abort ends a command. */
const grace = 5_000;

/**
 * A command on a host in the shape of Node's `ChildProcess`, as far as zx uses it. It has no `pid`: zx would look for
 * that number, and signal it, on this machine.
 */
export class HostChild extends EventEmitter {
  readonly pid = undefined;
  stdin: Writable | null = null;
  stdout: Readable | null = null;
  stderr: Readable | null = null;
  exitCode: number | null = null;
  signalCode: string | null = null;
  readonly #closed = new Promise<void>((resolve) => this.once('close', () => resolve()));
  #command: CommandStream | undefined;
  #timedOut: CommandTimeoutError | undefined;

  constructor(host: Host, { argv, cwd, env, stdio, signal }: ChildOptions) {
    super();
    try {
      signal?.throwIfAborted();
      const command = host.stream(argv, { env, cwd });
      this.#command = command;
      Object.assign(this, joinStreams(command, stdio));
      void this.#follow(command, signal);
    } catch (error) {
      const failure = signal?.aborted === true ? aborted(signal) : error;
      void this.#command?.[Symbol.asyncDispose]();
      process.nextTick(() => this.#fail(failure));
    }
  }

  /** Signals the command's process group, on its host. What became of the command, the promise says. */
  async signal(name: NodeJS.Signals): Promise<void> {
    await this.#command?.kill(name);
  }

  /** As of a `ChildProcess`: zx calls it in some cases of an abort. */
  kill(name: NodeJS.Signals = 'SIGTERM'): boolean {
    void this.signal(name).catch(() => undefined);
    return true;
  }

  /** Ends the command and what it has started. `error` is what it ended with should it call that a success. */
  async endAtTimeout(error: CommandTimeoutError, name: NodeJS.Signals): Promise<void> {
    this.#timedOut = error;
    await this.#end(name);
  }

  async #end(name: NodeJS.Signals): Promise<void> {
    await Promise.allSettled([this.signal(name)]);
    const ended = await this.#closesWithin(grace);
    // Also when the command has ended: what it started may have outlived it.
    await Promise.allSettled([this.signal('SIGKILL')]);
    if (!ended && !(await this.#closesWithin(grace))) await this.#command?.[Symbol.asyncDispose]();
  }

  async #closesWithin(milliseconds: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), milliseconds);
    });
    const inTime = await Promise.race([this.#closed.then(() => true), late]);
    clearTimeout(timer);
    return inTime;
  }

  async #follow(command: CommandStream, signal: AbortSignal | undefined): Promise<void> {
    let failure: unknown;
    const onAbort = (): void => {
      if (signal !== undefined) failure = aborted(signal);
      void this.#end('SIGTERM');
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const output = Promise.allSettled([finished(command.stdout), finished(command.stderr)]);
    try {
      const { exitCode = null, signal: name = null } = await command.exit;
      this.exitCode = exitCode;
      this.signalCode = name;
      this.emit('exit', exitCode, name);
      await output;
      // How the command ended may be known, and not all that it said.
      failure ??= command.stdout.errored ?? command.stderr.errored ?? undefined;
      if (exitCode === 0) failure ??= this.#timedOut;
    } catch (error) {
      failure ??= error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    if (failure === undefined) this.emit('close', this.exitCode, this.signalCode);
    else this.#fail(failure);
  }

  #fail(error: unknown): void {
    this.emit('error', error);
    this.emit('close', this.exitCode, this.signalCode);
  }
}

/** What Node's own `spawn` says of an aborted command. */
function aborted(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}
