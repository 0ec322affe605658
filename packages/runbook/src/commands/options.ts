import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { type StateDirectory, openStateDirectory } from '../journal/state-directory.ts';

/** The options that every command has. */
export interface CommonOptions {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** Adds `--config`, `--state` and `--json`. */
export function withCommonOptions(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'the config file').default('cutover.yaml').env('CUTOVER_CONFIG'))
    .addOption(
      new Option('--state <dir>', 'where the journal is (default: .cutover beside the config file)').env(
        'CUTOVER_STATE',
      ),
    )
    .option('--json', 'print JSON: one document, or a line for each event of a run');
}

/** Where the journal is. */
export function statePath({ config, state }: CommonOptions): string {
  return state ?? join(dirname(config), '.cutover');
}

export async function openState(options: CommonOptions): Promise<StateDirectory> {
  return openStateDirectory(statePath(options));
}

/** The options that name this cutover, as they would be typed. */
export function optionsText({ config, state }: CommonOptions): string {
  return [`--config ${quoted(config)}`, ...(state === undefined ? [] : [`--state ${quoted(state)}`])].join(
    ' ',
  );
}

function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
