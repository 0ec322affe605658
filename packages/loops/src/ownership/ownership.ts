import { randomUUID } from 'node:crypto';
import { CommandError, CommandTimeoutError, type Host, HostConnectionError } from '@cutover/host';
import * as z from 'zod';
import { OwnershipConflictError, OwnershipUnknownError } from '../errors.ts';
import { git, type GitContext } from '../git/git.ts';
import { readRemoteDocument, type RemoteRef, swapRemoteDocument } from '../git/remote-document.ts';
import { runLimits } from '../processes/run-limits.ts';

/** The ref that holds who owns the loops, unless a config says otherwise. */
export const defaultOwnershipRef = 'refs/cutover/owner';

/** Who may run the loops. The epoch grows by one with each change of the owner. */
export interface Ownership {
  readonly owner: string;
  readonly epoch: number;
  /** The commit that the ref points at. */
  readonly commit: string;
}

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
}

const documentSchema = z.object({ owner: z.string().min(1), epoch: z.int().min(1) });

/**
 * Reads who owns the loops; `undefined` when the remote answers that nobody does yet.
 *
 * @throws {OwnershipUnknownError} the remote could not be asked, or its answer cannot be read.
 */
export async function readOwnership(host: Host, place: OwnershipPlace): Promise<Ownership | undefined> {
  return asking(place.remote, async () => {
    const context = await scratch(host, place);
    const document = await readRemoteDocument(context, refOf(place));
    return document === undefined
      ? undefined
      : { ...documentSchema.parse(document.data), commit: document.commit };
  });
}

/**
 * Moves the ownership from exactly `from` to `to`, by a compare-and-swap at the remote. Done twice with the same
 * arguments, the second finds its own work and returns it.
 *
 * @param options.from who is expected to own it, `undefined` for nobody.
 * @returns the new ownership: the epoch is one more than that of `from`, or 1.
 * @throws {OwnershipConflictError} another owner or epoch is there; nothing was changed.
 * @throws {OwnershipUnknownError} the remote could not be asked: read it again before anything else.
 */
export async function claimOwnership(
  host: Host,
  options: OwnershipPlace & {
    readonly from: { readonly owner: string; readonly epoch: number } | undefined;
    readonly to: string;
  },
): Promise<Ownership> {
  const { from, to } = options;
  const epoch = (from?.epoch ?? 0) + 1;
  const before = await readOwnership(host, options);
  if (before?.owner === to && before.epoch === epoch) return before;
  if (before?.owner !== from?.owner || before?.epoch !== from?.epoch)
    throw new OwnershipConflictError(from, before);
  const result = await asking(options.remote, async () => {
    const context = await scratch(host, options);
    return swapRemoteDocument(
      context,
      refOf(options),
      { owner: to, epoch, nonce: randomUUID() },
      before?.commit,
    );
  });
  if (result.swapped) return { owner: to, epoch, commit: result.commit };
  throw new OwnershipConflictError(from, await readOwnership(host, options));
}

function refOf({ remote, ref = defaultOwnershipRef }: OwnershipPlace): RemoteRef {
  return { remote, ref };
}

async function scratch(host: Host, place: OwnershipPlace): Promise<GitContext> {
  const { repository, timeout, signal } = place;
  const context = { host, repository, timeout, signal };
  const probe = await git(context, ['rev-parse', '--git-dir'], { reject: false });
  if (probe.exitCode === 0) return context;
  await host.run(['mkdir', '-p', '--', repository], runLimits(timeout ?? 30_000, signal));
  await git(context, ['init', '--bare', '--quiet']);
  return context;
}

async function asking<T>(remote: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (
      error instanceof CommandError ||
      error instanceof CommandTimeoutError ||
      error instanceof HostConnectionError ||
      error instanceof SyntaxError ||
      error instanceof z.ZodError
    ) {
      throw new OwnershipUnknownError(remote, error.message, { cause: error });
    }
    throw error;
  }
}
