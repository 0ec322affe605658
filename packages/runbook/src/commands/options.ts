import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Choice } from '../engine/choose.ts';
import {
  findStateDirectory,
  openStateDirectory,
  type StateDirectory,
  type StateFiles,
} from '../journal/state-directory.ts';

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

/** Adds `--config`. */
export function withConfigOption(
  command: Command,
  { name, configFile = `${name}.yaml` }: CommandName,
): Command {
  return command.addOption(
    new Option('-c, --config <file>', 'the config file').default(configFile).env(`${envPrefix(name)}_CONFIG`),
  );
}

/** Adds `--config`, `--state` and `--json`. */
export function withCommonOptions(command: Command, names: CommandName): Command {
  const { name } = names;
  return withConfigOption(command, names)
    .addOption(
      new Option('--state <dir>', `where the journal is (default: .${name} beside the config file)`).env(
        `${envPrefix(name)}_STATE`,
      ),
    )
    .option('--json', 'print JSON: one document, or a line for each event of a run');
}

function envPrefix(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

/** Where the journal is; absolute. */
export function statePath({ name }: CommandName, { config, state }: CommonOptions): string {
  return resolve(state ?? join(dirname(config), `.${name}`));
}

/**
 * The state directory that the options name, for what only reads or answers.
 *
 * @throws {UsageError} there is none.
 */
export async function findState(command: CommandName, options: CommonOptions): Promise<StateFiles> {
  return findStateDirectory(statePath(command, options));
}

/** The same, made where it is missing: for what runs. */
export async function openState(command: CommandName, options: CommonOptions): Promise<StateDirectory> {
  return openStateDirectory(statePath(command, options));
}

/** The options that name this run, as they would be typed. */
export function optionsText({ config, state }: CommonOptions): string {
  return [`--config ${quoted(config)}`, ...(state === undefined ? [] : [`--state ${quoted(state)}`])].join(
    ' ',
  );
}

/** The same with a space before, empty where a command without options names this run as well. */
export function neededOptionsText(
  { name, configFile = `${name}.yaml` }: CommandName,
  options: CommonOptions,
): string {
  return options.config === configFile && options.state === undefined ? '' : ` ${optionsText(options)}`;
}

/** The options that name a part of the list, as they would be typed, with a space before each. */
export function choiceText({ from, until, only }: Choice): string {
  return Object.entries({ from, until, only })
    .map(([name, value]) => (value === undefined ? '' : ` --${name} ${quoted(value)}`))
    .join('');
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
