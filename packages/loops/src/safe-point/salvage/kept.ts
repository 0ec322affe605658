/** What was kept in a clone itself. */
export interface Kept {
  /** The ref in the clone, e.g. `refs/salvage/2026-05-31T12-00-00Z-1a2b3c4d`. */
  readonly ref: string;
  /**
   * Holds the work tree with its untracked files; its parents hold HEAD, the index, every ref, the stash, further work
   * trees, and the repositories inside it. Ignored files are not in it.
   */
  readonly commit: string;
  /** What could not be kept, and why. */
  readonly notKept: readonly string[];
}
