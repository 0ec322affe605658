import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { type StateDirectory, openStateDirectory } from '../journal/state-directory.ts';

/** The options that every command has. */
export interface CommonOptions {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** What of a command line the options are made from. */
export interface CommandName {
  readonly name: string;
  readonly configFile?: string | undefined;
}

/** Adds `--config`, `--state` and `--json`. */
export function withCommonOptions(
  command: Command,
  { name, configFile = `${name}.yaml` }: CommandName,
): Command {
  const prefix = name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
  return command
    .addOption(
      new Option('-c, --config <file>', 'the config file').default(configFile).env(`${prefix}_CONFIG`),
    )
    .addOption(
      new Option('--state <dir>', `where the journal is (default: .${name} beside the config file)`).env(
        `${prefix}_STATE`,
      ),
    )
    .option('--json', 'print JSON: one document, or a line for each event of a run');
}

/** Where the journal is. */
export function statePath({ name }: CommandName, { config, state }: CommonOptions): string {
  return state ?? join(dirname(config), `.${name}`);
}

export async function openState(command: CommandName, options: CommonOptions): Promise<StateDirectory> {
  return openStateDirectory(statePath(command, options));
}

/** The options that name this run, as they would be typed. */
export function optionsText({ config, state }: CommonOptions): string {
  return [`--config ${quoted(config)}`, ...(state === undefined ? [] : [`--state ${quoted(state)}`])].join(
    ' ',
  );
}

function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
