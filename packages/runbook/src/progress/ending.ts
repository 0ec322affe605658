import { textTable } from '@cutover/foundation/text-table';
import type { Outcome } from '../engine/outcome.ts';
import type { RunView } from './view.ts';

/** What the last lines of a run need to know besides its outcome. */
export interface EndingFacts {
  readonly view: RunView;
  readonly journal: string;
  /** The command's name. */
  readonly command: string;
  /** Who owns the thing that moves now, as a sentence. */
  readonly owner: string | undefined;
  /** The options that name this run on a command line, e.g. `--config cutover.yaml --state .cutover`. */
  readonly options: string;
  /** The options that name the part of the list which was run, e.g. ` --until b-configure`; empty for all of it. */
  readonly choice: string;
  /** The command that goes on from here, without the options that name the run, e.g. `cutover resume --until b-configure`. */
  readonly goOn: string;
  /** Seconds in all. */
  readonly seconds: number;
}

/** What a run says last: what happened, who is the owner now, and the exact commands to go on or back. */
export function endingLines(outcome: Outcome, facts: EndingFacts): string[] {
  const { command, view, journal, owner, options, choice, seconds } = facts;
  if (outcome.result === 'ok') {
    const who = owner === undefined ? '' : ` · ${view.words.owner}: ${owner}`;
    const rest = choice === '' ? [] : [`that was${choice}; the rest: ${command} run ${options}`];
    return ['', `done in ${seconds.toFixed(1)} s${who}`, ...rest, `report: ${command} report ${options}`];
  }
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
  const rows: [string, string][] = [
    ...(owner === undefined ? [] : [[view.words.owner, owner] satisfies [string, string]]),
    ['journal', journal],
    ...nextCommands(outcome, facts),
  ];
  const table = textTable(
    rows.map(([what, text]) => [`${what}:`, text]),
    { separator: ' ' },
  );
  lines.push('', ...table);
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
      return `✗ ${step === '' ? 'the run' : step} stopped, nothing was done on a guess: ${reason}`;
    case 'interrupted':
      return `interrupted${step === '' ? '' : ` at ${step}`}`;
    default:
      return 'done';
  }
}

function nextCommands(
  { result, step = '' }: Outcome,
  { command, options, goOn, view }: EndingFacts,
): [string, string][] {
  const rollback: [string, string][] = view.commits.has('C2')
    ? []
    : [['roll back', `${command} rollback ${options}`]];
  const isHuman = view.steps.get(step)?.plan.gate === 'human';
  switch (result) {
    case 'waiting':
      // Its time is over, so there is nothing to answer until it is opened again.
      return isHuman
        ? [['go on', `${goOn} ${options}`], ...rollback]
        : [
            ['ask again', `${goOn} ${options}`],
            ['answer then', `${command} approve ${step} ${options}`],
            ...rollback,
          ];
    case 'drift':
      return [['apply it again', `${goOn} --repair ${options}`], ...rollback];
    default:
      return [['go on', `${goOn} ${options}`], ...rollback];
  }
}
