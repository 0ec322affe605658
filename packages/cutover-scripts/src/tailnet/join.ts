import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import {
  holderOf,
  lastLine,
  type LookOptions,
  type TailnetNode,
  tailnetNode,
  tailscale,
} from './node-state.ts';
import { badKey, keyStandingSaid } from './key-answers.ts';
import { TailnetError } from './tailnet-error.ts';

/** Under which name, with which key and by which control server a host joins. */
export interface JoinOptions extends LookOptions {
  /** The name to have in the tailnet. */
  readonly name: string;
  /** The control server. Default: the vendor's. */
  readonly loginServer?: string | undefined;
  /** Asks for the auth key; called only when it is to be used. */
  readonly readKey: () => Promise<string>;
  /** More settings of the node, e.g. `--shields-up=true`. */
  readonly settings?: readonly string[] | undefined;
  /** Milliseconds that the join may take. Default 60,000. */
  readonly timeout?: number | undefined;
}

/**
 * Joins a host to its tailnet, unless it has joined: a node that has a node key is never given an auth key, for a bad one
 * would log it out. The key goes on standard input from here to the command there, and lies in no file on the way.
 *
 * @throws {TailnetError} it has not joined; the message says why and what to do.
 *
 * @example
 * await joinTailnet(host, { name: 'cc-ci', readKey: async () => await readFile('key', 'utf8') });
 */
export async function joinTailnet(host: Host, options: JoinOptions): Promise<TailnetNode> {
  const { timeout = 60_000, signal } = options;
  const deadline = performance.now() + timeout;
  const before = await tailnetNode(host, options);
  if (before.state !== 'fresh') return await demandJoined(before, host, options);
  const seconds = Math.max(1, Math.round(timeout / 1000));
  const argv = keyFromInput([
    ...tailscale(options.socket, 'up', `--timeout=${seconds}s`),
    ...settingsOf(options),
  ]);
  const input = `${await options.readKey()}\n`;
  const { exitCode, stderr } = await host.run(argv, {
    input,
    reject: false,
    timeout: timeout + 15_000,
    signal,
  });
  if (exitCode !== 0) throw await whyNot(host, stderr, options);
  for (;;) {
    const after = await tailnetNode(host, options);
    // It is online a moment after `up` has ended.
    if (after.state !== 'unknown' || performance.now() > deadline)
      return await demandJoined(after, host, options);
    await delay(250, undefined, { signal });
  }
}

/** What is between a host and its tailnet; `undefined` where it is in it, under its own name. */
export async function tailnetProblem(
  { state, name, reason }: TailnetNode,
  host: Host,
  options: LookOptions & { readonly name: string },
): Promise<TailnetError | undefined> {
  const error = (problem: TailnetError['problem'], message: string): TailnetError =>
    new TailnetError(problem, host.name, message);
  switch (state) {
    case 'no-daemon':
      return error('daemon', reason);
    case 'fresh':
      return error('key', `${host.name} has not joined the tailnet; ${reason}`);
    case 'stopped':
      return error('daemon', `tailscale on ${host.name} is turned off; run \`tailscale up\` there`);
    case 'refused':
      return error(
        'key',
        `the control server does not take ${host.name} any more: ${reason}; if its node is still there, ` +
          'restart tailscaled on it; if it was deleted, run `tailscale logout` there and join with a new key',
      );
    case 'unknown':
      return error(
        'control',
        `whether ${host.name} is in the tailnet is unknown: ${reason}; wait until it answers, and do not restart tailscaled: ` +
          'without its control server it would find no peer',
      );
    case 'joined': {
      if (name === options.name) return undefined;
      const holder = (await holderOf(options.name, host, options)) ?? 'another node';
      return error(
        'name',
        `${host.name} got the name ${name ?? '(none)'} in the tailnet, for ${options.name} is that of ${holder}; remove or rename ` +
          `that node, then run \`tailscale set --hostname=${options.name}\` on ${host.name}`,
      );
    }
    default:
      return state satisfies never;
  }
}

async function demandJoined(node: TailnetNode, host: Host, options: JoinOptions): Promise<TailnetNode> {
  const problem = await tailnetProblem(node, host, options);
  if (problem !== undefined) throw problem;
  return node;
}

/** A fresh node has no settings of its own to keep, so those that are not named are reset. */
function settingsOf({ name, loginServer, settings = [] }: JoinOptions): string[] {
  return [
    '--reset',
    `--hostname=${name}`,
    ...(loginServer === undefined ? [] : [`--login-server=${loginServer}`]),
    ...settings,
  ];
}

/** `/dev/stdin` can be opened where it is a pipe, which the `cat` makes of whatever the transport gives. */
function keyFromInput(argv: readonly string[]): string[] {
  return ['sh', '-c', 'cat | "$@" --auth-key=file:/dev/stdin', 'sh', ...argv];
}

/** `up` says what is wrong with a key; why it waited in vain is in the daemon's health only. */
async function whyNot(host: Host, stderr: string, options: JoinOptions): Promise<TailnetError> {
  const said = lastLine(stderr);
  const error = (problem: TailnetError['problem'], message: string): TailnetError =>
    new TailnetError(problem, host.name, `${host.name} did not join the tailnet: ${message}`);
  const standing = keyStandingSaid(said);
  if (standing !== undefined) return error('key', badKey(standing, said));
  if (/requested tags/i.test(said))
    return error('settings', `${said}; the control server's policy must allow them`);
  if (/non-default flags/i.test(stderr))
    return error('settings', `it has settings of its own; run \`tailscale up --reset\` there, or ${said}`);
  if (/timeout waiting/i.test(said) || said === '') {
    const { reason } = await tailnetNode(host, options);
    return error('control', `its control server did not answer in time; ${reason}`);
  }
  return error('control', said);
}
