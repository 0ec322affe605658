import { CutoverError } from '../engine/errors.ts';

/** The journal cannot be trusted: a line in it is not what was written. Nothing was changed. */
export class JournalDamagedError extends CutoverError {
  override readonly name = 'JournalDamagedError';
  readonly path: string;
  /** The line, counted from 1. */
  readonly line: number;

  constructor(path: string, line: number, what: string, options?: ErrorOptions) {
    super(
      'JOURNAL_DAMAGED',
      `${path}, line ${line}: ${what}. The journal tells what was done to the hosts, so nothing is run on a damaged one: ` +
        `restore it from a copy, or move the state directory away and run anew (what is done already is found by looking)`,
      options,
    );
    this.path = path;
    this.line = line;
  }
}

/** Another runner holds this state directory. */
export class LockedError extends CutoverError {
  override readonly name = 'LockedError';
  readonly stateDirectory: string;

  constructor(stateDirectory: string, message: string) {
    super('LOCKED', message);
    this.stateDirectory = stateDirectory;
  }
}
