import type { StdioOptions } from 'node:child_process';

import type { Host } from '@cutover/host-contract';
import { $, type Options, type ProcessPromise, type Shell } from 'zx/core';

import { adopt } from './adopt.ts';
import { HostChild } from './host-child.ts';
import { isTemplate } from './pipe.ts';
import { quoteForShell } from './quote.ts';

/** The shell that the host runs command lines with. */
export interface OnOptions {
  /** A POSIX shell on the host that takes `-c`. Default `bash`, as zx's own. */
  readonly shell?: string | undefined;
}

/**
 * zx's `$`, running on a host. What zx documents holds: `nothrow`, `lines()`, `json()`, `pipe`, `timeout`, `kill`,
 * `signal`, exit codes. Different from zx on this machine:
 *
 * - No variable of this process travels, and commands start in the host's default directory. `env` adds variables, and
 *   `cwd` is an absolute path on the host.
 * - A lost connection, or a command that could not be started, rejects also under `nothrow`; `cause` is the `HostError`.
 * - A timeout and an abort end what the command has started too: the signal, five seconds, KILL.
 * - The promise has no `pid`, and `sync` throws.
 * - The command line can be read in the host's process table: send a secret by `input`.
 *
 * The host stays the caller's, who disposes of it.
 *
 * @example
 * const pi = on(oldHost);
 * const vm = on(newHost);
 * if ((await pi`systemctl is-active ${unit}`.nothrow()).exitCode === 0) await pi`systemctl stop ${unit}`;
 * await pi`tar -C /srv -c .`.pipe(vm`tar -C /srv -x`);
 */
export function on(host: Host, { shell = 'bash' }: OnOptions = {}): Shell {
  return shellOn(host, { shell });
}

function shellOn(host: Host, given: Partial<Options>): Shell {
  const noSync = (): never => {
    throw new TypeError(`a command on ${host.name} cannot run synchronously: await it`);
  };
  if (given.sync === true) noSync();
  const shell = (first: TemplateStringsArray | Partial<Options>, ...values: unknown[]): unknown =>
    isTemplate(first) ? start(host, given, first, values) : shellOn(host, { ...given, ...first });
  // What zx's type says of options, a function's own type cannot.
  return Object.defineProperty(shell, 'sync', { get: noSync }) as Shell;
}

function start(
  host: Host,
  { cwd, env = {}, input, timeout, timeoutSignal, ...given }: Partial<Options>,
  pieces: TemplateStringsArray,
  values: readonly unknown[],
): ProcessPromise {
  const shell = typeof given.shell === 'string' ? given.shell : 'bash';
  let spawned: (child: HostChild) => void = () => undefined;
  const child = new Promise<HostChild>((resolve) => {
    spawned = resolve;
  });
  const spawn = (line: string, _none: readonly string[], { stdio, signal }: SpawnOptions): HostChild => {
    const started = new HostChild(host, { argv: [shell, '-c', line], cwd, env: defined(env), stdio, signal });
    spawned(started);
    return started;
  };
  let refusal: unknown;
  const quote = (value: string): string => {
    try {
      return quoteForShell(value);
    } catch (error) {
      refusal = error;
      throw error;
    }
  };

  const promise = $({
    prefix: /(^|\/)(ba|z|k)sh$/.test(shell) ? 'set -euo pipefail;' : 'set -eu;',
    postfix: '',
    ...given,
    shell,
    quote,
    // zx takes no text for no input, and would leave stdin open.
    ...(input !== undefined && { input: input === '' ? Buffer.alloc(0) : input }),
    env: {},
    preferLocal: false,
    detached: false,
    // Where zx has them from else: the caller's `$`, the environment (`ZX_CWD`) and this process.
    cwd: '',
    timeout: 0,
    // zx knows Node's types only, and uses what `HostChild` has of them.
    spawn: spawn as unknown as Options['spawn'],
    spawnSync: () => {
      throw new TypeError(`a command on ${host.name} cannot run synchronously: await it`);
    },
  })(pieces, ...values);
  // Under `nothrow` zx makes an output of it.
  if (refusal !== undefined) throw refusal;
  const adopted = adopt(promise, { host, shell: on(host, { shell }), child, killSignal: given.killSignal });
  return timeout === undefined ? adopted : adopted.timeout(timeout, timeoutSignal);
}

interface SpawnOptions {
  readonly stdio?: StdioOptions;
  readonly signal?: AbortSignal;
}

function defined(env: NodeJS.ProcessEnv): Record<string, string> {
  const pairs = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(pairs);
}
