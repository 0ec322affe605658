import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { UsageError } from '../engine/errors.ts';
import { mainList } from '../engine/lists.ts';
import type { Outcome } from '../engine/outcome.ts';
import { makePlan } from '../engine/plan.ts';
import { lock } from '../journal/lock.ts';
import { readState } from '../journal/read-state.ts';
import type { JournalState } from '../journal/state.ts';
import { findStateDirectory } from '../journal/state-directory.ts';
import { keepRehearsal } from '../rehearsal/result.ts';
import { askYes } from './ask.ts';
import type { CommandContext, Rehearsal } from './context.ts';
import { type Ended, execute } from './execute.ts';
import { type CommonOptions, neededOptionsText, openState, statePath, withCommonOptions } from './options.ts';
import { planText } from './plan-text.ts';

interface RehearseFlags extends CommonOptions {
  readonly yes?: boolean;
  readonly keep?: boolean;
  readonly clean?: boolean;
}

/** Adds `rehearse`, where the runbook has a rehearsal. */
export function addRehearseCommand<World>(program: Command, context: CommandContext<World>): void {
  const { command } = context;
  const { rehearsal } = command;
  if (rehearsal === undefined) return;
  withCommonOptions(program.command('rehearse'), command)
    .description(rehearsal.description)
    .option('--yes', 'do not ask')
    .option('--keep', 'leave what it made, to look at; the next rehearsal, or --clean, takes it away')
    .option('--clean', 'only take away what a rehearsal left that was kept or killed')
    .action((flags: RehearseFlags) => rehearse(context, rehearsal, flags));
}

async function rehearse<World>(
  context: CommandContext<World>,
  rehearsal: Rehearsal<World>,
  flags: RehearseFlags,
): Promise<void> {
  const { command, io } = context;
  const place = statePath(command, flags);
  await openState(command, flags);
  const own = { ...flags, state: join(place, 'rehearsal') };
  const clean = `${command.name} rehearse --clean${neededOptionsText(command, flags)}`;
  const say = async (text: string): Promise<void> => {
    if (flags.json !== true) await write(io.stdout, `${text}\n`);
  };
  const before = await takeAway(context, rehearsal, own);
  if (before?.result === 'ok') await say('what an earlier rehearsal left is taken away');
  else if (before !== undefined) return tellLeft(context, before, flags, clean);
  if (flags.clean === true) {
    if (before === undefined) await say('no rehearsal has left anything');
    return;
  }
  await confirm(context, rehearsal, own);

  const began = performance.now();
  const { exitCode, ...outcome } = await perform(context, rehearsal, own);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const { lists } = await readState(await openState(command, own));
  const took = [...(lists.get(mainList)?.steps ?? [])].flatMap(([id, { took: time }]) =>
    time === undefined ? [] : [[id, Math.round(time)] as const],
  );
  const { result, step, reason } = outcome;
  const at = new Date().toISOString();
  await keepRehearsal(place, { at, result, step, reason, seconds, steps: Object.fromEntries(took) });
  const after = flags.keep === true ? undefined : await takeAway(context, rehearsal, own);
  process.exitCode = exitCode;
  if (flags.json === true) {
    await write(io.stdout, `${JSON.stringify({ rehearsal: { at, result, step, reason, seconds } })}\n`);
  } else {
    const left = flags.keep === true ? ` What it made is left; \`${clean}\` takes it away.` : '';
    await say(`rehearsed in ${seconds} s: ${describe(outcome)}.${left}`);
  }
  if (after !== undefined && after.result !== 'ok') await tellLeft(context, after, flags, clean);
}

function describe({ result, step, reason }: Outcome): string {
  return `${result}${step === undefined ? '' : ` at ${step}`}${reason === undefined ? '' : `: ${reason}`}`;
}

/** Something that a rehearsal made is still there: how the undo ended is how the command ends. */
async function tellLeft<World>(
  { io }: CommandContext<World>,
  { exitCode, ...undo }: Ended,
  { json }: CommonOptions,
  clean: string,
): Promise<void> {
  process.exitCode = exitCode;
  const { result, step, reason } = undo;
  const text =
    json === true
      ? JSON.stringify({ left: { result, step, reason } })
      : `what the rehearsal made is not all taken away: ${describe(undo)}\n\`${clean}\` goes on with that`;
  await write(io.stdout, `${text}\n`);
}

async function perform<World>(
  context: CommandContext<World>,
  rehearsal: Rehearsal<World>,
  own: CommonOptions & { readonly state: string },
): Promise<Ended> {
  await using open = await load(rehearsal, own);
  const { key } = await openState(context.command, own);
  const { hash: plan } = makePlan(open.runbook, mainList, key);
  // Awaited here: what it works with is closed when this returns.
  return await execute(context, open.runbook, own, { command: 'run', plan }, { ending: false });
}

/**
 * Undoes what a rehearsal did, and forgets it: the next one begins with nothing. Its journal is kept beside, for a look.
 *
 * @returns how the undo ended; `undefined`: there was nothing.
 */
async function takeAway<World>(
  context: CommandContext<World>,
  rehearsal: Rehearsal<World>,
  own: CommonOptions & { readonly state: string },
): Promise<Ended | undefined> {
  const journal = join(own.state, 'journal.jsonl');
  const state = await readState({ journal });
  if (state.lastRun === undefined) return undefined;
  let ended: Ended = { result: 'ok', exitCode: 0 };
  if (hasBegun(state)) {
    await using open = await load(rehearsal, own);
    ended = await execute(context, open.runbook, own, { command: 'rollback' }, { ending: false });
    if (ended.result !== 'ok') return ended;
  }
  await forget(own.state);
  return ended;
}

/**
 * Takes the state directory of a rehearsal away, and keeps its journal.
 *
 * @throws {LockedError} a rehearsal is at work there.
 */
async function forget(place: string): Promise<void> {
  const files = await findStateDirectory(place);
  await using held = await lock(files);
  void held;
  if (hasBegun(await readState(files)))
    throw new UsageError('another rehearsal has begun meanwhile, so nothing is forgotten: try again');
  await unlessAbsent(rename(files.journal, join(place, '..', 'rehearsal-journal.jsonl')));
  await rm(place, { recursive: true, force: true });
}

function hasBegun({ lists }: JournalState): boolean {
  return [...(lists.get(mainList)?.steps.values() ?? [])].some(({ begun }) => begun !== undefined);
}

async function load<World>(
  rehearsal: Rehearsal<World>,
  { config, state }: CommonOptions & { state: string },
) {
  const runbook = await rehearsal.load(config, state);
  return { runbook, [Symbol.asyncDispose]: async () => runbook[Symbol.asyncDispose]?.() };
}

async function confirm<World>(
  { command, interactive, io }: CommandContext<World>,
  rehearsal: Rehearsal<World>,
  own: RehearseFlags & { readonly state: string },
): Promise<void> {
  if (own.yes === true) return;
  if (!interactive || own.json === true)
    throw new UsageError('nothing runs by default: without a terminal, say --yes');
  await using open = await load(rehearsal, own);
  const directory = await openState(command, own);
  const plan = makePlan(open.runbook, mainList, directory.key);
  io.stdout.write(`${planText(plan, open.runbook, await readState(directory))}\n\n`);
  if (!(await askYes('Rehearse this, and take it away again?'))) throw new UsageError('nothing was run');
}
