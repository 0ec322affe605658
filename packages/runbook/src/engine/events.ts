import type { OpenGate } from '../gates/answer.ts';
import type { JournalEntry } from '../journal/entry.ts';

/** What a run tells while it goes: every line of the journal as it is written, and short-lived news. */
export type EngineEvent = JournalEntry | LiveEvent;

/** News that is shown and not recorded: it has no `seq`. */
export type LiveEvent =
  | { readonly type: 'looking'; readonly list: string; readonly step: string }
  | { readonly type: 'progress'; readonly list: string; readonly step: string; readonly text: string }
  /** A gate that an earlier run opened still waits for its answer; what it shows is what was shown then. */
  | ({ readonly type: 'gate.waiting'; readonly list: string } & OpenGate)
  /** Something beside the run went wrong, e.g. a command that was to be told of an event. The run goes on. */
  | { readonly type: 'notice'; readonly text: string };
