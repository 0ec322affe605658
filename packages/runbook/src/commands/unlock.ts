import { withInterrupts } from '@cutover/foundation/interrupts';
import { write } from '@cutover/foundation/io';
import type { Command } from 'commander';
import { UsageError } from '../engine/errors.ts';
import { unlock } from '../journal/lock.ts';
import type { CommandContext } from './context.ts';
import { openRunbook } from './open-runbook.ts';
import { type CommonOptions, findState, withCommonOptions } from './options.ts';

type UnlockFlags = CommonOptions & Readonly<Record<string, unknown>>;

/** Adds `unlock`, with an option for each unlock of the runbook's own. */
export function addUnlockCommand<World>(program: Command, context: CommandContext<World>): void {
  const { command, io } = context;
  const own = Object.entries(command.unlocks ?? {});
  const added = withCommonOptions(
    program.command('unlock').description('forget a runner that is dead; refuses when it is alive'),
    command,
  );
  for (const [name, description] of own) added.option(`--${name} [words]`, description);
  added.action(async (options: UnlockFlags) => {
    const wanted = own.map(([name]) => name).filter((name) => options[name] !== undefined);
    if (wanted.length > 1) throw new UsageError(`${wanted.join(' and ')} exclude each other`);
    const [name] = wanted;
    const text =
      name === undefined ? await forgetRunner(context, options) : await forceOpen(context, options, name);
    await write(io.stdout, `${text}\n`);
  });
}

async function forgetRunner<World>(
  { command }: CommandContext<World>,
  options: CommonOptions,
): Promise<string> {
  const result = await unlock(await findState(command, options));
  if (options.json === true) return JSON.stringify(result);
  return result.unlocked
    ? `unlocked: pid ${result.holder.pid} on ${result.holder.host} is dead`
    : 'it was not locked';
}

async function forceOpen<World>(
  { command }: CommandContext<World>,
  options: UnlockFlags,
  name: string,
): Promise<string> {
  await using open = await openRunbook(command, options);
  const force = open.runbook.unlocks?.[name];
  if (force === undefined) throw new UsageError(`this runbook has no unlock named ${name}`);
  const typed = options[name];
  // Without words it is asked for them: they are told when they are wrong.
  const words = typeof typed === 'string' ? typed : '';
  const done = await withInterrupts((signal) => force(words, signal));
  return options.json === true ? JSON.stringify({ unlocked: name, done }) : done;
}
