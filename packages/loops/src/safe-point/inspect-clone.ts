import { CommandError, CommandTimeoutError, type Host } from '@cutover/host';
import type { CloneReport, UnsafeReason } from '../git/clone-report.ts';
import type { GitContext } from '../git/git.ts';
import { cloneContext } from '../git/clone-context.ts';
import { hiddenChanges } from './looks/hidden-changes.ts';
import { lfsObjects } from './looks/lfs-objects.ts';
import { type GitPlaces, locate } from './looks/locate.ts';
import { askRemotes, namedRemotes, type RemoteHoldings } from './looks/remotes.ts';
import { submoduleReasons } from './looks/submodules.ts';
import { underWay } from './looks/under-way.ts';
import { findUnpushed, type Unpushed } from './looks/unpushed.ts';
import { worktreeReasons } from './looks/worktrees.ts';
import type { StatusReport } from './parse-status.ts';
import { readStatus, statusReasons } from './read-status.ts';

/** How much a clone is asked, and how long that may take. */
export interface InspectOptions {
  /**
   * Ask the remotes first what they have. Default true. Without it a tracking ref is believed, so only "unsafe" is
   * sure.
   */
  readonly fetch?: boolean | undefined;
  /** A salvage ref that was just made of this clone: it says nothing about it. */
  readonly ownSalvage?: string | undefined;
  /** Milliseconds for each git command. Default 30 s. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at a clone without changing anything in its tree or index: whether it holds anything that is nowhere else,
 * or is in the middle of something. What git cannot tell is a reason too, never an absence.
 *
 * @throws {HostConnectionError} the host could not be asked; nothing is known then.
 *
 * @example
 * const { safe, reasons } = await inspectClone(host, '/srv/rig/builder');
 * if (!safe) console.error(reasons.map(({ code, detail }) => `${code}: ${detail}`));
 */
export async function inspectClone(
  host: Host,
  path: string,
  options: InspectOptions = {},
): Promise<CloneReport> {
  const { timeout = 30_000, signal, fetch = true } = options;
  const context = cloneContext(host, path, timeout, signal);
  const places = await locate(context);
  if ('code' in places) return { path, safe: false, reasons: [places], unpushed: 0, stashes: 0, changed: [] };
  const remotes = await (fetch ? askRemotes : namedRemotes)(context);
  const { status, unpushed, reasons } = await lookAround(context, places, remotes, options);
  return {
    path,
    safe: reasons.length === 0,
    reasons,
    head: status?.head,
    branch: status?.branch,
    upstream: status?.upstream,
    unpushed: unpushed?.commits ?? 0,
    stashes: status?.stashes ?? 0,
    changed: status === undefined ? [] : changedPaths(status),
  };
}

async function lookAround(
  context: GitContext,
  places: GitPlaces,
  remotes: RemoteHoldings,
  options: InspectOptions,
): Promise<{
  readonly status: StatusReport | undefined;
  readonly unpushed: Unpushed | undefined;
  readonly reasons: UnsafeReason[];
}> {
  const unknown: UnsafeReason[] = [];
  const orUnknown = async <T>(looking: Promise<T>): Promise<T | undefined> => {
    try {
      return await looking;
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof CommandTimeoutError)) throw error;
      unknown.push({ code: 'unknown', detail: error.message });
      return undefined;
    }
  };
  const inspect = async (path: string): Promise<CloneReport> => inspectClone(context.host, path, options);
  const [under, status, unpushed, hidden, worktrees, modules, lfs] = await Promise.all([
    orUnknown(underWay(context, places)),
    orUnknown(readStatus(context)),
    orUnknown(findUnpushed(context, remotes, options.ownSalvage)),
    orUnknown(hiddenChanges(context, places)),
    orUnknown(worktreeReasons(context)),
    orUnknown(submoduleReasons(context, places, options.fetch !== false, inspect)),
    orUnknown(lfsObjects(context, places)),
  ]);
  const reasons = [
    ...remotes.problems,
    ...(under ?? []),
    ...(status === undefined ? [] : statusReasons(status)),
    ...(unpushed?.reasons ?? []),
    ...(hidden ?? []),
    ...(worktrees ?? []),
    ...(modules ?? []),
    ...(lfs ?? []),
    ...unknown,
  ];
  return { status, unpushed, reasons };
}

function changedPaths({ changed, untracked, conflicts, submodules }: StatusReport): string[] {
  return [...changed, ...untracked, ...conflicts, ...submodules].slice(0, 100);
}
