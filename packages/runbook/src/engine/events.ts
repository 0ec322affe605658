import type { JournalEntry } from '../journal/entry.ts';

/** What a run tells while it goes: every line of the journal as it is written, and short-lived news. */
export type EngineEvent = JournalEntry | LiveEvent;

/** News that is shown and not recorded: it has no `seq`. */
export type LiveEvent =
  | { readonly type: 'looking'; readonly list: string; readonly step: string }
  | { readonly type: 'progress'; readonly list: string; readonly step: string; readonly text: string };
