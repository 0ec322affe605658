import { execFile } from 'node:child_process';
import { homedir, hostname, userInfo } from 'node:os';
import { promisify } from 'node:util';

import { HostOptionError } from '@cutover/host-contract';
import { isErrno } from '@cutover/foundation/errno';

import { parseDestination } from './destination.ts';
import type { SshHostOptions } from './options.ts';

/** Options with what ssh's configuration says of the host. */
export interface ResolvedOptions extends SshHostOptions {
  readonly user: string;
  /** Key files to try where they exist and can be used. */
  readonly candidateKeys?: readonly string[] | undefined;
  /** Of an agent's keys only those of these files (IdentitiesOnly). */
  readonly onlyKeys?: readonly string[] | undefined;
}

/**
 * Fills in what `options` leave open from ssh's configuration, as `ssh -G` reads it. What is said in `options` counts.
 *
 * @throws {HostOptionError} ssh cannot read its configuration.
 */
export async function resolveOptions(name: string, options: SshHostOptions): Promise<ResolvedOptions> {
  const { config = false } = options;
  const user = options.user ?? userInfo().username;
  if (config === false) return { ...options, user };
  const said = await askSsh(name, options);
  if (said === undefined) return { ...options, user };

  const one = (key: string): string | undefined => {
    const value = said.get(key)?.[0];
    return value === undefined || value === 'none' ? undefined : value;
  };
  const tokens = tokensOf(options.host, one, options.user ?? one('user') ?? user);
  const files = (key: string): readonly string[] =>
    (said.get(key) ?? [])
      .flatMap((line) => (key === 'identityfile' ? [line] : pathsOf(line)))
      .map((file) => expand(file, tokens))
      .filter((file) => file !== 'none');
  const identities = files('identityfile');
  const named = options.privateKey !== undefined || options.privateKeyFile !== undefined;
  const agent = options.agent ?? agentOf(one('identityagent'));
  return {
    ...options,
    host: one('hostname') ?? options.host,
    port: options.port ?? Number(one('port') ?? 22),
    user: options.user ?? one('user') ?? user,
    agent,
    candidateKeys: named ? undefined : identities,
    onlyKeys: one('identitiesonly') === 'yes' ? identities : undefined,
    hostKeyAlias: options.hostKeyAlias ?? one('hostkeyalias'),
    knownHostsFile: options.knownHostsFile ?? [
      ...files('userknownhostsfile'),
      ...files('globalknownhostsfile'),
    ],
    ...(options.proxy === undefined && options.jump === undefined && wayOf(name, one, options)),
  };
}

/** `ssh -G` says all that ssh would use, a line for each value; `undefined` where there is no ssh. */
async function askSsh(
  name: string,
  { host, port, user, config }: SshHostOptions,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const argv = [
    '-G',
    ...(typeof config === 'string' ? ['-F', config] : []),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    '--',
    host,
  ];
  try {
    const { stdout } = await promisify(execFile)('ssh', argv, { timeout: 10_000 });
    const values = new Map<string, string[]>();
    for (const line of stdout.split('\n')) {
      const space = line.indexOf(' ');
      const key = line.slice(0, space);
      values.set(key, [...(values.get(key) ?? []), line.slice(space + 1)]);
    }
    return values;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw new HostOptionError(name, 'config', `ssh cannot read its configuration (${why})`, { cause: error });
  }
}

/** ProxyJump, each hop with a configuration of its own, or ProxyCommand. */
function wayOf(
  name: string,
  one: (key: string) => string | undefined,
  { config }: SshHostOptions,
): Pick<SshHostOptions, 'jump' | 'proxy'> {
  const hops = one('proxyjump')?.split(',') ?? [];
  const jump = hops.reduce<SshHostOptions | undefined>((before, hop) => {
    const { destination, problem } = parseDestination(hop.replace(/^ssh:\/\//, ''));
    if (problem !== undefined) throw new HostOptionError(name, 'config', `ProxyJump: ${problem}`);
    return { ...destination, config, ...(before !== undefined && { jump: before }) };
  }, undefined);
  if (jump !== undefined) return { jump };
  const command = one('proxycommand');
  return command === undefined ? {} : { proxy: { command } };
}

function agentOf(configured: string | undefined): string | undefined {
  const socket = configured ?? process.env['SSH_AUTH_SOCK'];
  if (socket === undefined || socket === '') return undefined;
  return socket === 'SSH_AUTH_SOCK' ? process.env['SSH_AUTH_SOCK'] : expandHome(socket);
}

/** `ssh -G` writes several files with a space between them, and does not quote one that has a space in its name. */
function pathsOf(line: string): readonly string[] {
  return line.split(/ (?=[/~%$])/);
}

/** What `%h` and the like stand for in the name of a file; see TOKENS in ssh_config(5). */
function tokensOf(
  given: string,
  one: (key: string) => string | undefined,
  user: string,
): ReadonlyMap<string, string> {
  const host = one('hostname') ?? given;
  const local = hostname();
  return new Map([
    ['%', '%'],
    ['d', homedir()],
    ['h', host],
    ['i', String(userInfo().uid)],
    ['k', one('hostkeyalias') ?? given],
    ['L', local.replace(/\..*$/, '')],
    ['l', local],
    ['n', given],
    ['p', one('port') ?? '22'],
    ['r', user],
    ['u', userInfo().username],
  ]);
}

/** `~`, tokens and `${VARIABLE}`, which `ssh -G` leaves as they are written. */
function expand(path: string, tokens: ReadonlyMap<string, string>): string {
  return expandHome(path)
    .replaceAll(/%(.)/g, (token, letter: string) => tokens.get(letter) ?? token)
    .replaceAll(/\$\{(\w+)\}/g, (variable, name: string) => process.env[name] ?? variable);
}

function expandHome(path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir());
}
