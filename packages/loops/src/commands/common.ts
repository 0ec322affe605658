import { processIo, write } from '@cutover/foundation/io';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { RigConfig } from '../config/rig-config.ts';

/** What every command of `loops` takes. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: true | undefined;
}

/** A command with the options that all have. */
export function withCommonOptions(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      'config file of the rig, or set LOOPS_CONFIG',
      process.env['LOOPS_CONFIG'] ?? 'loops.yaml',
    )
    .option('--json', 'print one JSON document, or NDJSON where it streams');
}

/**
 * A number that an option gives.
 *
 * @throws {UsageError} it is not a whole number.
 */
export function countOf(text: string, option: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${option} ${text}: must be a whole number`);
  return Number(text);
}

/** The config of a rig that is to be looked at or stopped; mistakes in its file are told, and are no reason to do neither. */
export async function configOf({ config }: CommonOptions): Promise<RigConfig> {
  const { configInUse } = await import('../rig/config-in-use.ts');
  let mistakes: string | undefined;
  const inUse = await configInUse(config, ({ message }) => (mistakes = message));
  const note = 'the supervisor goes on with the config that it read before';
  if (mistakes !== undefined) await write(processIo.stderr, `${mistakes}\n${note}\n`);
  return inUse;
}

/** Prints a result: as JSON when asked for, else as text. */
export async function print(options: CommonOptions, value: unknown, text: string): Promise<void> {
  await write(
    processIo.stdout,
    options.json === true ? `${JSON.stringify(value)}\n` : text === '' ? '' : `${text}\n`,
  );
}
