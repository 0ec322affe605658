import { textTable } from '@cutover/foundation/text-table';
import type { Outcome } from '../engine/outcome.ts';

/** One exit code: what it means, and the codes of the errors that end a command with it. */
export interface ExitCode {
  readonly code: number;
  readonly meaning: string;
  readonly errors?: readonly string[] | undefined;
}

/** An exit code of a runbook's own: for a code that is in the table already, its errors are added to those there. */
export interface OwnExitCode {
  readonly code: number;
  readonly errors: readonly string[];
  /** Needed for a code that is not in the table, and in place of what the table says. Codes of a runbook's own begin at 20. */
  readonly meaning?: string | undefined;
}

/** The exit codes of every command that is made from a runbook; stable. Help and documentation are made from this table. */
export const exitCodes = {
  ok: { code: 0, meaning: 'ok' },
  failed: { code: 1, meaning: 'failed: a step, a look of doctor, or a gate that was denied' },
  usage: {
    code: 2,
    meaning: 'the arguments, the config or the runbook are wrong; nothing was changed',
    errors: ['USAGE', 'RUNBOOK_INVALID', 'GATE_REFUSED'],
  },
  waiting: { code: 10, meaning: 'waiting at a gate: it was not answered in time' },
  locked: { code: 11, meaning: 'locked: another runner holds the state directory', errors: ['LOCKED'] },
  drift: {
    code: 12,
    meaning: 'drift, or a plan or a world that is not the reviewed one',
    errors: ['PLAN_STALE', 'WORLD_MOVED'],
  },
  unsafe: {
    code: 13,
    meaning:
      'unsafe: a host did not answer, something that is not ours is in the way, or the journal is damaged or cannot be written',
    errors: ['JOURNAL_DAMAGED', 'JOURNAL_NEWER', 'JOURNAL_UNWRITABLE'],
  },
  interrupted: { code: 130, meaning: 'interrupted by Ctrl-C, or cancelled', errors: ['INTERRUPTED'] },
  brokenPipe: { code: 141, meaning: 'the reader of the output went away; a run goes on' },
  terminated: { code: 143, meaning: 'interrupted by TERM' },
} as const satisfies Record<string, ExitCode>;

/** The table for one command, in the order of the codes. */
export function exitCodeTable(own: readonly OwnExitCode[] = []): readonly ExitCode[] {
  const table = new Map<number, ExitCode>(Object.values(exitCodes).map((row: ExitCode) => [row.code, row]));
  for (const { code, errors, meaning } of own) {
    const known: ExitCode = table.get(code) ?? { code, meaning: '' };
    table.set(code, {
      code,
      meaning: meaning ?? known.meaning,
      errors: [...(known.errors ?? []), ...errors],
    });
  }
  return [...table.values()].sort((a, b) => a.code - b.code);
}

/** The part of `--help` that lists them. */
export function exitCodeHelp(table: readonly ExitCode[]): string {
  const rows = textTable(
    table.map(({ code, meaning }) => [String(code), meaning]),
    { right: [0] },
  );
  return ['', 'Exit codes:', ...rows.map((row) => `  ${row}`)].join('\n');
}

/** The exit code for an error that kept a command from doing its work; `undefined`: the table does not name it. */
export function exitCodeOf(error: unknown, table: readonly ExitCode[]): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const { code } = error;
  return table.find(({ errors = [] }) => errors.some((one) => one === code))?.code;
}

/** The exit code for how a run ended; `terminated`: it was told to by TERM. */
export function exitCodeOfOutcome({ result }: Outcome, terminated: boolean): number {
  return result === 'interrupted' && terminated ? exitCodes.terminated.code : exitCodes[result].code;
}
