import { type Host, HostConnectionError, sshHost } from '@cutover/host';
import { UsageError } from '@cutover/runbook';
import type { Address } from './answers.ts';
import lookAtSessions from './look-at-sessions.sh';
import lookAtWorkspace from './look-at-workspace.sh';
import { type OldRigFacts, parseSessions, parseWorkspace, type SeenSession } from './old-rig-facts.ts';

/** The old host, which is only read. */
export interface OldHostLook extends AsyncDisposable {
  /** What runs in the sessions of a user, or of all users but root. */
  sessions(user: string | undefined, signal: AbortSignal): Promise<SeenSession[]>;
  workspace(user: string, workspace: string, signal: AbortSignal): Promise<OldRigFacts>;
  /** The fingerprints of private keys there, by their paths; without those that have a passphrase. */
  fingerprints(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

/** @param hostKeys those of the operator's known hosts: a host that is not known is not looked at. */
export function openLook(
  { host, port, user }: Address,
  privateKeyFile: string,
  hostKeys: readonly string[],
): OldHostLook {
  const old = sshHost({ name: host, host, port, user, privateKeyFile, hostKeys });
  const script = async (text: string, words: readonly string[], signal: AbortSignal): Promise<string> =>
    (await asked(old, ['sh', '-s', '--', ...words], { input: text, signal })).stdout;
  return {
    sessions: async (who, signal) =>
      parseSessions(await script(lookAtSessions, who === undefined ? [] : [who], signal)),
    workspace: async (who, where, signal) =>
      parseWorkspace(await script(lookAtWorkspace, [who, where], signal)),
    async fingerprints(paths, signal) {
      const found = await Promise.all(
        paths.map(async (path) => {
          const argv = ['ssh-keygen', '-l', '-f', path];
          const { stdout } = await asked(old, argv, { reject: false, signal });
          return [path, /\s(SHA256:\S+)/.exec(stdout)?.[1] ?? ''] as const;
        }),
      );
      return new Map(found.filter(([, fingerprint]) => fingerprint !== ''));
    },
    [Symbol.asyncDispose]: () => old[Symbol.asyncDispose](),
  };
}

/** @throws {UsageError} the host does not let us in. */
async function asked(...[old, argv, options]: [Host, ...Parameters<Host['run']>]) {
  try {
    return await old.run(argv, options);
  } catch (cause) {
    if (!(cause instanceof HostConnectionError)) throw cause;
    throw new UsageError(
      `${old.name} cannot be looked at: ${cause.message}; correct --old-host, --ssh-key or --known-hosts, or say --look no`,
      { cause },
    );
  }
}
