import { setTimeout as delay } from 'node:timers/promises';
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
    return await orMadeAgain(host, place, action);
  } catch (error) {
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

/** Repositories that were found whole, or made, in this process. */
const made = new Set<string>();

/** What git says where the repository was deleted since: nothing was done then. */
const isGone = /^fatal: (?:cannot change to|not a git repository)/m;

async function orMadeAgain<T>(
  host: Host,
  place: OwnershipPlace,
  action: (context: GitContext) => Promise<T>,
): Promise<T> {
  const name = `${host.name} ${place.repository}`;
  if (!made.has(name)) await makeScratch(host, place);
  made.add(name);
  const { repository, timeout, signal } = place;
  const context = { host, repository, timeout, signal };
  try {
    return await action(context);
  } catch (error) {
    if (!(error instanceof CommandError) || !isGone.test(error.result.stderr)) throw error;
    await makeScratch(host, place);
    return action(context);
  }
}

/** Others may make it at the same time, also in other processes: what git then finds half made is looked at again. */
async function makeScratch(host: Host, { repository, timeout, signal }: OwnershipPlace): Promise<void> {
  const limits = { timeout, signal };
  for (let left = 5; ; left -= 1) {
    const probe = await host.run(['git', '-C', repository, 'rev-parse', '--git-dir'], {
      reject: false,
      ...limits,
    });
    if (probe.exitCode === 0) return;
    await host.run(['mkdir', '-p', '--', repository], limits);
    try {
      await git({ host, repository, ...limits }, ['init', '--bare', '--quiet', '--template=']);
    } catch (error) {
      if (left === 1 || !(error instanceof CommandError)) throw error;
      await delay(100, undefined, { signal });
    }
  }
}
