import { write } from '@cutover/foundation/io';
import { startRun, type RunOptions } from '../engine/engine.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { Runbook } from '../engine/runbook.ts';
import { JournalWriteError } from '../journal/errors.ts';
import { monotonic } from '../journal/monotonic.ts';
import { readJournal } from '../journal/read.ts';
import { createRedactor } from '../journal/redactor.ts';
import { emptyState, foldEntry } from '../journal/state.ts';
import { endingLines } from '../progress/ending.ts';
import { ndjsonRenderer } from '../progress/ndjson.ts';
import { plainRenderer } from '../progress/plain.ts';
import { printable } from '../progress/printable.ts';
import type { Renderer } from '../progress/renderer.ts';
import { terminalRenderer } from '../progress/terminal.ts';
import type { TreeStyle } from '../progress/tree.ts';
import { emptyView, type RunView, show } from '../progress/view.ts';
import type { OpenGate } from '../gates/answer.ts';
import { decideAtTerminal } from './ask.ts';
import type { CommandContext } from './context.ts';
import { exitCodeOfOutcome } from './exit-codes.ts';
import { interruptRun } from './interrupts.ts';
import { type CommonOptions, choiceText, neededOptionsText, openState, optionsText } from './options.ts';
import { ownerText } from './owner.ts';

/** How a run is told of, beside the run itself. */
export interface Telling {
  /** Say last how it ended and which commands go on from there. Default: true. */
  readonly ending?: boolean | undefined;
}

/** How a run ended, and the exit code that this comes to: it knows of a TERM. */
export type Ended = Outcome & { readonly exitCode: number };

/** Runs, shows how it goes, says how it ended, and sets the exit code. */
export async function execute<World>(
  { command, io, interactive }: CommandContext<World>,
  runbook: Runbook<World>,
  options: CommonOptions,
  request: Omit<RunOptions<World>, 'runbook' | 'stateDirectory' | 'decide'>,
  { ending = true }: Telling = {},
): Promise<Ended> {
  const started = monotonic();
  const directory = await openState(command, options);
  const state = emptyState();
  const view = emptyView(started);
  await readJournal(directory.journal, (entry) => {
    foldEntry(state, entry);
    show(view, entry, entry.mono);
  });
  using renderer = chooseRenderer(io.stdout, view, options.json ?? false, interactive, {
    command: command.name,
    options: neededOptionsText(command, options),
  });
  const terminal = {
    pause(gate: OpenGate) {
      // The event of its opening may not have come here yet, and nothing is drawn while the question stands.
      show(view, { type: 'gate.waiting', list: view.list, ...gate }, monotonic());
      return renderer.pause();
    },
    interrupt: () => interrupts.interrupt(),
  };
  const run = startRun({
    ...request,
    runbook,
    stateDirectory: directory.path,
    decide: interactive && options.json !== true ? decideAtTerminal(terminal) : undefined,
  });
  // The reader may go away (a closed pipe or terminal): that alone must not stop a run half-way.
  let watched = true;
  for (const stream of [io.stdout, io.stderr]) {
    stream.on('error', () => {
      watched = false;
    });
  }
  using interrupts = interruptRun(run, (text) => void io.stderr.write(`${text}\n`));
  let begun = false;
  for await (const event of run.events) {
    begun ||= event.type === 'run.started';
    renderer.event(event);
    if ('seq' in event) foldEntry(state, event);
  }
  const outcome = await run.outcome.catch((error: unknown) => brokenOff(error, view, options));
  const exitCode = exitCodeOfOutcome(outcome, interrupts.terminated);
  process.exitCode = exitCode;
  const ended = { ...outcome, exitCode };
  if (options.json === true || !watched || !ending) return ended;
  renderer[Symbol.dispose]();
  const redactor = createRedactor(runbook.secretsToRedact ?? []);
  const choice = choiceText(state.lastRun?.choice ?? {});
  const lines = endingLines(outcome, {
    command: command.name,
    view,
    journal: directory.journal,
    owner: await ownerText(runbook, state.owner),
    options: optionsText(options),
    choice,
    // What broke off before it began is not what a resume would go on with.
    goOn: `${command.name} ${begun ? `resume${choice}` : commandText(request)}`,
    seconds: (monotonic() - started) / 1000,
  });
  await write(io.stdout, `${printable(redactor.text(lines.join('\n')))}\n`);
  return ended;
}

/** The command that asks for this, as it would be typed. */
function commandText<World>({
  command,
  list,
  forward,
  ...choice
}: Pick<RunOptions<World>, 'command' | 'list' | 'forward' | 'from' | 'until' | 'only'>): string {
  return `${list ?? command}${forward === true ? ' --forward' : ''}${choiceText(choice)}`;
}

/** A journal that cannot be written ends a run in the middle: whose the loops are and how to go on is said all the same. */
function brokenOff(error: unknown, view: RunView, { json }: CommonOptions): Outcome {
  if (!(error instanceof JournalWriteError) || json === true) throw error;
  const running = [...view.steps.values()].find(({ state }) => state === 'running' || state === 'gate');
  return { result: 'unsafe', step: running?.plan.id, reason: error.message, error };
}

function chooseRenderer(
  output: CommandContext<unknown>['io']['stdout'],
  view: RunView,
  json: boolean,
  interactive: boolean,
  named: Pick<TreeStyle, 'command' | 'options'>,
): Renderer {
  if (json) return ndjsonRenderer(output);
  const colour = process.env['NO_COLOR'] === undefined;
  return interactive ? terminalRenderer(output, view, { ...named, colour }) : plainRenderer(output, view);
}
