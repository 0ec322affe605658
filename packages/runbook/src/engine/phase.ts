/** A part of a runbook that is shown as one, and up to which it can be run: `run --until a-provision`. */
export interface Phase {
  /** Unique in its runbook, kebab-case, e.g. `a-provision`. */
  readonly id: string;
  /** A few words for people, e.g. `A provision`. */
  readonly title: string;
}
