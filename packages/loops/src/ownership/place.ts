import { CommandError, CommandTimeoutError, type Host, HostConnectionError } from '@cutover/host';
import * as z from 'zod';
import { OwnershipUnknownError } from './ownership-errors.ts';
import { git, type GitContext } from '../git/git.ts';
import type { RemoteRef } from '../git/remote-document.ts';
import { defaultOwnershipRef } from './document.ts';

/** Where the ownership lies, and through which repository on which host it is asked for. */
export interface OwnershipPlace {
  /** A bare scratch repository on the host; made when it is absent. */
  readonly repository: string;
  /** The remote's address. */
  readonly remote: string;
  /** Default `refs/cutover/owner`. */
  readonly ref?: string | undefined;
  /** Milliseconds for each git command. Default 30 s. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The document is expected to be another one than was read last: it is brought by the connection that asks for it. */
  readonly expectNew?: boolean | undefined;
}

/** The ref at its remote. */
export function refOf({ remote, ref = defaultOwnershipRef }: OwnershipPlace): RemoteRef {
  return { remote, ref };
}

/** Does something with the scratch repository. What the remote does not answer, or answers unreadably, is unknown. */
export async function asking<T>(
  host: Host,
  place: OwnershipPlace,
  action: (context: GitContext) => Promise<T>,
): Promise<T> {
  try {
    return await action(await scratch(host, place));
  } catch (error) {
    made.delete(`${host.name} ${place.repository}`);
    if (
      error instanceof CommandError ||
      error instanceof CommandTimeoutError ||
      error instanceof HostConnectionError ||
      error instanceof SyntaxError ||
      error instanceof z.ZodError
    ) {
      throw new OwnershipUnknownError(place.remote, error.message, { cause: error });
    }
    throw error;
  }
}

/** Repositories that were found whole, or made; one that git fails in is looked at again. */
const made = new Set<string>();

async function scratch(host: Host, place: OwnershipPlace): Promise<GitContext> {
  const { repository, timeout, signal } = place;
  const limits = { timeout, signal };
  const context = { host, repository, ...limits };
  const name = `${host.name} ${repository}`;
  if (made.has(name)) return context;
  const probe = await host.run(['git', '-C', repository, 'rev-parse', '--git-dir'], {
    reject: false,
    ...limits,
  });
  if (probe.exitCode !== 0) {
    await host.run(['mkdir', '-p', '--', repository], limits);
    await git(context, ['init', '--bare', '--quiet']);
  }
  made.add(name);
  return context;
}
