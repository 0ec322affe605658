import { parseDuration, durationRule } from '@cutover/foundation/duration';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** Options that every command has. */
export interface SharedOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly flake?: string;
  readonly configuration?: string;
  readonly storePath?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly buildOn?: string;
  readonly evaluateOn?: 'target' | 'here';
  readonly engine?: 'nix' | 'nixos-rebuild';
  readonly profile?: string;
  readonly sudo?: boolean;
  readonly askSudoPassword?: boolean;
  /** Milliseconds. */
  readonly confirmTimeout?: number;
}

export function withSharedOptions(command: Command): Command {
  return withConnectionOptions(
    command.argument(
      '[targets...]',
      'names, @tags or patterns (web*) of the config file, or user@host[:port] (default: all of the config file)',
    ),
  );
}

/** The same for a command that is for one target at a time. */
export function withOneTarget(command: Command): Command {
  return withConnectionOptions(
    command.argument(
      '[target]',
      'a name of the config file, or user@host[:port] (default: the only target of the config file)',
    ),
  );
}

/** The options of every command, without its targets. */
export function withConnectionOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'config file', 'nix-deploy.yaml')
    .option(
      '--flake <ref>',
      'flake reference, FLAKE or FLAKE#CONFIGURATION, as seen from where it is evaluated; a relative path is evaluated here. Without a config file its output nix-deploy says the targets',
    )
    .option('--json', 'write JSON: one document, or one object a line where the command goes on for a while')
    .option(
      '--identity <file>',
      'private key to log in with as user@host (default: the ssh agent, or the keys of ~/.ssh)',
    )
    .option('--known-hosts <file>', 'known_hosts file for user@host (default: ~/.ssh/known_hosts)')
    .option('--profile <name>', 'profile, as nixos-rebuild’s --profile-name (default: system)')
    .option('--sudo', 'run commands on the target through sudo')
    .option('--ask-sudo-password', 'ask for the password of sudo once, for all targets');
}

export function withSourceOptions(command: Command): Command {
  return command
    .option('--configuration <name>', 'attribute of nixosConfigurations (default: the target’s host name)')
    .option('--store-path <path>', 'a system that is built already, in place of a flake')
    .option(
      '--build-on <place>',
      'where to build: target, here, a name in the config file, or user@host[:port] (default: target)',
    )
    .addOption(
      new Option('--evaluate-on <place>', 'where to evaluate (default: where it is built)').choices([
        'target',
        'here',
      ]),
    )
    .addOption(
      new Option('--engine <engine>', 'what evaluates and builds a flake (default: nix)').choices([
        'nix',
        'nixos-rebuild',
      ]),
    )
    .addOption(
      new Option(
        '--confirm-timeout <duration>',
        'time until a target that was not confirmed restores itself (default: 60s)',
      ).argParser(milliseconds),
    );
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function positive(value: string): number {
  const number = wholeNumber(value);
  if (number < 1) throw new InvalidArgumentError('It must be a whole number from 1 up.');
  return number;
}

export function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

export function milliseconds(value: string): number {
  const duration = parseDuration(value);
  if (duration === undefined) throw new InvalidArgumentError(`${durationRule}.`);
  return duration;
}
