import { RunbookError } from '../engine/errors.ts';

/** The journal cannot be trusted: a line in it is not what was written. Nothing was changed. */
export class JournalDamagedError extends RunbookError {
  override readonly name = 'JournalDamagedError';
  readonly code = 'JOURNAL_DAMAGED';
  readonly path: string;
  /** The line, counted from 1. */
  readonly line: number;

  constructor(path: string, line: number, what: string, options?: ErrorOptions) {
    super(
      `${path}, line ${line}: ${what}. The journal tells what was done to the hosts, so nothing is run on a damaged one: ` +
        `restore it from a copy, or move the state directory away and run again (what is done already is found by looking)`,
      options,
    );
    this.path = path;
    this.line = line;
  }
}

/** Another runner holds this state directory. */
export class LockedError extends RunbookError {
  override readonly name = 'LockedError';
  readonly code = 'LOCKED';
  readonly stateDirectory: string;

  constructor(stateDirectory: string, message: string) {
    super(message);
    this.stateDirectory = stateDirectory;
  }
}
