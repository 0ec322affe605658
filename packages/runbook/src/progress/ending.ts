import type { Outcome } from '../engine/outcome.ts';
import type { RunView } from './view.ts';

/** What the last lines of a run need to know besides its outcome. */
export interface EndingFacts {
  readonly view: RunView;
  readonly journal: string;
  /** Who owns the loops now, as a sentence. */
  readonly owner: string;
  /** The options that name this cutover on a command line, e.g. `--config cutover.yaml --state .cutover`. */
  readonly options: string;
  /** Seconds in all. */
  readonly seconds: number;
}

/** What a run says last: what happened, who owns the loops, and the exact commands to go on or back. */
export function endingLines(
  outcome: Outcome,
  { view, journal, owner, options, seconds }: EndingFacts,
): string[] {
  if (outcome.result === 'ok')
    return ['', `done in ${seconds.toFixed(1)} s · ${owner}`, `report: cutover report ${options}`];
  const error = outcome.step === undefined ? undefined : view.steps.get(outcome.step)?.error;
  const lines = ['', headline(outcome)];
  for (const cause of error?.causes ?? []) lines.push(`  because: ${cause}`);
  if (error?.output !== undefined)
    lines.push(
      '',
      ...error.output
        .split('\n')
        .slice(-30)
        .map((line) => `  │ ${line}`),
    );
  lines.push('', `who owns the loops: ${owner}`, `journal:            ${journal}`);
  for (const [what, command] of nextCommands(outcome, options))
    lines.push(`${`${what}:`.padEnd(19)} ${command}`);
  return lines;
}

function headline({ result, step = '', reason = '' }: Outcome): string {
  switch (result) {
    case 'failed':
      return `✗ ${step} failed: ${reason}`;
    case 'waiting':
      return `◆ ${step} waits at its gate: ${reason}. Nothing was assumed`;
    case 'drift':
      return `✗ ${step} drifted: ${reason}`;
    case 'unsafe':
      return `✗ ${step} stopped, nothing was done on a guess: ${reason}`;
    case 'interrupted':
      return `interrupted${step === '' ? '' : ` at ${step}`}`;
    default:
      return 'done';
  }
}

function nextCommands({ result, step = '' }: Outcome, options: string): [string, string][] {
  const rollback: [string, string] = ['roll back', `cutover rollback ${options}`];
  switch (result) {
    case 'waiting':
      return [
        ['answer', `cutover approve ${step} ${options}`],
        ['go on', `cutover resume ${options}`],
        rollback,
      ];
    case 'drift':
      return [['apply it again', `cutover resume --repair ${options}`], rollback];
    default:
      return [['go on', `cutover resume ${options}`], rollback];
  }
}
