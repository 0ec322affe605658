import { watch } from 'node:fs';
import { on } from 'node:events';
import { withInterrupts } from '@cutover/foundation/interrupts';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { mainList } from '../engine/lists.ts';
import { monotonic } from '../journal/monotonic.ts';
import { readJournal } from '../journal/read.ts';
import { emptyState, foldEntry, type JournalState } from '../journal/state.ts';
import { receipts, type Receipt } from '../gates/receipt.ts';
import type { StateFiles } from '../journal/state-directory.ts';
import { currentHolder } from '../journal/lock.ts';
import { printable } from '../progress/printable.ts';
import { treeLines, type TreeStyle } from '../progress/tree.ts';
import { emptyView, type RunView, show } from '../progress/view.ts';
import { openGates } from './answer.ts';
import { readState } from '../journal/read-state.ts';
import { askAlarms } from './alarms.ts';
import type { CommandContext } from './context.ts';
import { readEach, withUnread } from './each-directory.ts';
import { statusRow, statusTable } from './status-table.ts';
import { type CommonOptions, findState, neededOptionsText, withCommonOptions } from './options.ts';
import { ownerText } from './owner.ts';

interface StatusFlags extends CommonOptions {
  readonly watch?: boolean;
}

/**
 * Adds `status`. It reads the journal, so it works beside a running `run` and without any host; a runbook with alarms is
 * asked for them once.
 */
export function addStatusCommand<World>(program: Command, { command, io }: CommandContext<World>): void {
  withCommonOptions(
    program
      .command('status')
      .argument('[directories...]', 'state directories: one line for each, in place of --state')
      .description('how far it is, who runs it, and which gates are open'),
    command,
  )
    .option('--watch', 'show it again whenever the journal grows')
    .action(async (directories: string[], flags: StatusFlags) => {
      if (directories.length > 0) {
        const { rows, unread } = await readEach(directories, statusRow);
        const text =
          flags.json === true ? JSON.stringify([...rows, ...unread]) : withUnread(statusTable(rows), unread);
        return write(io.stdout, `${text}\n`);
      }
      const directory = await findState(command, flags);
      let alarms: readonly string[] | undefined;
      const print = async (): Promise<void> => {
        alarms ??= await askAlarms(command, flags, await readState(directory));
        const { text, json } = await describe(directory, alarms, {
          command: command.name,
          options: neededOptionsText(command, flags),
          width: 120,
          colour: io.stdout.isTTY === true,
        });
        await write(io.stdout, `${flags.json === true ? JSON.stringify(json) : text}\n`);
      };
      await print();
      if (flags.watch === true) await withInterrupts((signal) => printChanges(directory, print, signal));
    });
}

async function printChanges(
  directory: StateFiles,
  print: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  using watcher = disposable(watch(directory.path));
  try {
    for await (const change of on(watcher.value, 'change', { signal })) {
      const names: unknown[] = change;
      if (names[1] === 'journal.jsonl') await print();
    }
  } catch (error) {
    // Ctrl-C is how a watch ends.
    if (!signal.aborted) throw error;
  }
}

function disposable<T extends { close(): void }>(value: T): Disposable & { readonly value: T } {
  return { value, [Symbol.dispose]: () => value.close() };
}

async function describe(
  directory: StateFiles,
  alarms: readonly string[],
  style: TreeStyle,
): Promise<{ text: string; json: object }> {
  const now = monotonic();
  const state = emptyState();
  const view = emptyView(now);
  await readJournal(directory.journal, (entry) => {
    foldEntry(state, entry);
    show(view, entry, entry.mono);
  });
  const holder = await currentHolder(directory);
  const gates = openGates(state);
  const owner = await ownerText(undefined, state.owner);
  const runner =
    holder === undefined
      ? lastRunText(state)
      : `runs as pid ${holder.pid} on ${holder.host} since ${holder.since}`;
  const lines = state.runId === undefined ? [] : treeLines(view, now, style);
  const answered = await receipts(state, directory.answers);
  const more = [
    owner === undefined ? runner : `${runner} · ${state.words.owner}: ${owner}`,
    ...gates.map(({ step, text, expires }) => `◆ ${step}: ${text} (until ${expires})`),
    ...alarms.map((alarm) => `✗ ${alarm}`),
    ...answered.map(receiptText),
  ];
  lines.push(...more.map(printable));
  return {
    text: lines.join('\n'),
    json: statusJson(state, view, { holder, gates, receipts: answered, alarms }),
  };
}

function receiptText({ id, gate, decision, by, state }: Receipt): string {
  return `  ${gate}: ${decision} by ${by}, ${state} (${id.slice(0, 12)})`;
}

function lastRunText({ lastRun }: JournalState): string {
  if (lastRun === undefined) return 'nothing has run';
  const { list, ended, step, reason } = lastRun;
  const mode = list === mainList ? lastRun.mode : list;
  if (ended === undefined) return `the last ${mode} was cut off; \`resume\` goes on`;
  return `the last ${mode} ended ${ended}${step === undefined ? '' : ` at ${step}`}${reason === undefined ? '' : `: ${reason}`}`;
}

function statusJson(state: JournalState, view: RunView, more: object): object {
  const { runId, lastRun, owner, commits } = state;
  const steps = [...view.steps].map(([id, step]) => ({
    id,
    phase: step.plan.phase,
    state: step.state,
    evidence: step.evidence,
    error: step.error,
  }));
  const { runbook, planHash, list } = view;
  return { runId, runbook, planHash, list, owner, commits: [...commits], lastRun, ...more, steps };
}
