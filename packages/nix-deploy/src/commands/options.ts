import { type Command, InvalidArgumentError, Option } from 'commander';

import { parseDuration } from '../config/duration.ts';
import type { Action } from '../options.ts';

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
  readonly confirmTimeout?: string;
}

export interface PlanFlags extends SharedOptions {
  readonly action: Action;
  readonly build: boolean;
}

export interface DeployFlags extends SharedOptions {
  readonly action: Action;
  readonly specialisation?: string;
  readonly force?: boolean;
  readonly parallel?: number;
  readonly canary?: string[];
  readonly continue?: boolean;
  readonly revoke?: boolean;
}

export interface RollbackFlags extends SharedOptions {
  readonly to?: number;
}

export interface GenerationsFlags extends SharedOptions {
  readonly changes: boolean;
}

export interface RebootProofFlags extends SharedOptions {
  readonly system?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface GcFlags extends SharedOptions {
  readonly keep: number;
  /** Milliseconds. */
  readonly keepYounger: number;
  readonly dryRun?: boolean;
}

export function withSharedOptions(command: Command): Command {
  return command
    .argument(
      '[targets...]',
      'names in the config file, or user@host[:port]; all of the config file without any',
    )
    .option('--config <file>', 'config file', 'nix-deploy.yaml')
    .option('--json', 'write JSON, one document or one a line')
    .option('--identity <file>', 'private key for user@host; the agent without it')
    .option('--known-hosts <file>', 'known_hosts file for user@host')
    .option('--profile <name>', 'profile, as nixos-rebuild’s --profile-name')
    .option('--sudo', 'become root through sudo -n');
}

export function withSourceOptions(command: Command): Command {
  return command
    .option('--flake <ref>', 'flake reference, as seen from where it is evaluated')
    .option('--configuration <name>', 'attribute of nixosConfigurations; the host name without it')
    .option('--store-path <path>', 'a system that is built already')
    .option(
      '--build-on <place>',
      'where to build: target, here, a name in the config file, or user@host[:port]',
    )
    .addOption(
      new Option('--evaluate-on <place>', 'where to evaluate, if not where it is built').choices([
        'target',
        'here',
      ]),
    )
    .addOption(new Option('--engine <engine>', 'what builds a flake').choices(['nix', 'nixos-rebuild']))
    .option('--confirm-timeout <duration>', 'until an unconfirmed target restores itself, e.g. 60s');
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function positive(value: string): number {
  const number = wholeNumber(value);
  if (number < 1) throw new InvalidArgumentError('a number from 1 up');
  return number;
}

export function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('a number');
  return Number(value);
}

export function milliseconds(value: string): number {
  const duration = parseDuration(value);
  if (duration === undefined) throw new InvalidArgumentError('a duration: 500ms, 60s, 5m, 1h or 7d');
  return duration;
}
