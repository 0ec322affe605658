import { isErrno } from '@cutover/foundation/errno';
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

/** A newer version of this package has written into the journal. Nothing was changed. */
export class JournalNewerError extends RunbookError {
  override readonly name = 'JournalNewerError';
  readonly code = 'JOURNAL_NEWER';
  readonly path: string;
  /** The line, counted from 1. */
  readonly line: number;

  constructor(path: string, line: number, type: string) {
    super(
      `${path}, line ${line}: this version does not know the event "${type}", so a newer version wrote it. ` +
        'What was done to the hosts cannot be told from a part of the journal, so nothing is run: use the newer version',
    );
    this.path = path;
    this.line = line;
  }
}

/**
 * The journal, or a file beside it, cannot be written, e.g. because the disk is full. The step that a line is about was not
 * started.
 */
export class JournalWriteError extends RunbookError {
  override readonly name = 'JournalWriteError';
  readonly code = 'JOURNAL_UNWRITABLE';
  readonly path: string;

  /** @param next what to do once it can be written. */
  constructor(path: string, cause: unknown, next: string = 'resume') {
    const why = cause instanceof Error ? cause.message : String(cause);
    const first = isErrno(cause, 'ENOSPC', 'EDQUOT', 'EFBIG') ? 'Make room there' : 'Correct that';
    super(
      `${path} cannot be written (${why}). Nothing is done that the journal does not hold. ${first}, then ${next}`,
      { cause },
    );
    this.path = path;
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
