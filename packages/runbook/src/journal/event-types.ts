import type { JournalEvent } from './entry.ts';

/** The types of all events that this version writes and reads. */
const known: Readonly<Record<JournalEvent['type'], true>> = {
  plan: true,
  'run.started': true,
  'run.ended': true,
  cancelled: true,
  attested: true,
  owner: true,
  downtime: true,
  'rollback.abandoned': true,
  reset: true,
  intent: true,
  op: true,
  applied: true,
  verified: true,
  failed: true,
  stopped: true,
  drift: true,
  commit: true,
  'gate.open': true,
  'gate.approved': true,
  'gate.denied': true,
  'gate.refused': true,
  'gate.expired': true,
  'gate.withdrawn': true,
  'undo.intent': true,
  undone: true,
};

const types: ReadonlySet<string> = new Set(Object.keys(known));

/** Whether an event is one of those that this version knows. */
export function isKnownType(type: string): boolean {
  return types.has(type);
}
