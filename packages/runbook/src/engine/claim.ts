/** What a claim may know of the journal of the run that takes it. */
export interface JournalWitness {
  readonly runId: string;
  /** The journal's file. Its inode tells a copy from the original. */
  readonly file: string;
  /** Whether a step of this journal was started: something outside may be as it is because of it. */
  readonly begun: boolean;
  /** The last whole line: its number and its hash. */
  readonly end: JournalPlace;
  /** Whether line `seq` has this hash: whether the journal is, or goes on from, the one that had it. */
  contains(place: JournalPlace): Promise<boolean>;
}

/** One line of a journal. */
export interface JournalPlace {
  readonly seq: number;
  readonly hash: string;
}

/** The right to be the only runner of a runbook, wherever others are. */
export interface RunnerClaim {
  /** Asks whether it is still this runner's; called before steps with `needsClaim` act. Throws when it is not. */
  confirm?(signal: AbortSignal): Promise<void>;
  /** Lets go of it, and says how far the journal is. What cannot be let go stays with this state directory. */
  release(witness: Pick<JournalWitness, 'begun' | 'end'>): Promise<void>;
}
