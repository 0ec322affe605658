import { userInfo } from 'node:os';
import { type Host, localHost, parseDestination, sshHost } from '@cutover/host';
import type { Command } from 'commander';
import { UsageError } from '@cutover/foundation/usage-error';
import type { SecretSources } from '../../move/sources.ts';

export interface SshFlags {
  readonly sshKey?: string | undefined;
  readonly knownHosts?: string | undefined;
}

/** Adds how ssh hosts are reached. */
export function withSshOptions(command: Command): Command {
  return command
    .option('--ssh-key <file>', 'our ssh key (default: the keys of the ssh agent)')
    .option('--known-hosts <file>', 'instead of ~/.ssh/known_hosts');
}

/** The host of `local` or `[user@]host[:port]`. Host keys come from known_hosts and are always verified. */
export function openHost(spec: string, { sshKey, knownHosts }: SshFlags): Host {
  if (spec === 'local') return localHost();
  const { destination, problem } = parseDestination(spec);
  if (destination === undefined) throw new UsageError(`${problem}, or local`);
  const { user = userInfo().username, host, port } = destination;
  const agent = sshKey === undefined ? process.env['SSH_AUTH_SOCK'] : undefined;
  return sshHost({
    user,
    host,
    ...(port !== undefined && { port }),
    ...(sshKey !== undefined && { privateKeyFile: sshKey }),
    ...(agent !== undefined && { agent }),
    ...(knownHosts !== undefined && { knownHostsFile: knownHosts }),
  });
}

/** The sources of `--from`: one host, or `NAME=HOST` for each `source.host` of the config. */
export function openSources(specs: readonly string[], open: (spec: string) => Host): SecretSources {
  const pairs = specs.map((spec) => /^([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)$/.exec(spec));
  const [only] = specs;
  if (specs.length === 1 && only !== undefined && pairs[0] === null) return open(only);
  return new Map(
    pairs.map((pair, index) => {
      if (pair === null)
        throw new UsageError(`with several hosts each is NAME=HOST, and ${specs[index]} is not`);
      const [, name = '', spec = ''] = pair;
      return [name, open(spec)];
    }),
  );
}

/** Runs an action that opens hosts; their connections are closed when it has settled. */
export async function withHosts<T>(
  flags: SshFlags,
  action: (open: (spec: string) => Host) => Promise<T>,
): Promise<T> {
  const opened: Host[] = [];
  try {
    return await action((spec) => {
      const host = openHost(spec, flags);
      opened.push(host);
      return host;
    });
  } finally {
    await Promise.all(opened.map((host) => host[Symbol.asyncDispose]()));
  }
}
