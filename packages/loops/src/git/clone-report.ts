/** Why a clone is not at a safe point. */
export type UnsafeCode =
  | 'not-a-clone'
  | 'dirty'
  | 'untracked'
  | 'conflict'
  | 'unpushed'
  | 'no-upstream'
  | 'upstream-gone'
  | 'detached'
  | 'stash'
  | 'locked'
  | 'in-progress'
  | 'fetch-failed'
  | 'submodule'
  | 'worktree'
  /** A change that `git status` does not show: assume-unchanged, skip-worktree. */
  | 'hidden'
  /** Objects of git-lfs that may be only here. */
  | 'lfs'
  /** Git could not tell. */
  | 'unknown'
  /** Not looked at in time: nothing is known. */
  | 'unseen';

/** One reason, with what it was seen on. */
export interface UnsafeReason {
  readonly code: UnsafeCode;
  readonly detail: string;
}

/** What is known about one clone. `safe` means: nothing that only this clone holds. */
export interface CloneReport {
  readonly path: string;
  readonly safe: boolean;
  readonly reasons: readonly UnsafeReason[];
  /** The commit of HEAD; absent in a repository without commits. */
  readonly head?: string | undefined;
  /** The branch of HEAD; absent when HEAD is detached. */
  readonly branch?: string | undefined;
  readonly upstream?: string | undefined;
  /** Commits of HEAD and of any branch that no remote-tracking branch holds. */
  readonly unpushed: number;
  readonly stashes: number;
  /** Paths that `git status` lists, at most a hundred. */
  readonly changed: readonly string[];
}
