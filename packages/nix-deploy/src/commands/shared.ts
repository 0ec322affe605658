import { UsageError } from '@cutover/command-line';
import { type Command, Option } from 'commander';

import { ConfigError, loadDeployConfig } from '../config/load.ts';
import { membersOf } from '../config/members.ts';
import type { DeployConfig } from '../config/schema.ts';
import type { FleetMember } from '../fleet/deploy-fleet.ts';
import { settle } from '../options.ts';
import { override } from './override.ts';

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

/** @throws {UsageError} something about the targets cannot be meant. */
export async function chosenMembers(
  names: readonly string[],
  options: SharedOptions,
): Promise<{ readonly members: readonly FleetMember[]; readonly config: DeployConfig }> {
  const adHoc = names.filter((name) => name.includes('@'));
  const listed = names.filter((name) => !name.includes('@'));
  try {
    const config =
      adHoc.length > 0 && listed.length === 0 ? { targets: {} } : await loadDeployConfig(options.config);
    const overridden = override(config, adHoc, options);
    const chosen = names.length === 0 ? Object.keys(overridden.targets) : names;
    const members = membersOf(overridden, chosen, options.config);
    // What cannot be meant is said before anything is begun.
    for (const member of members) settle(member.options);
    return { members, config: overridden };
  } catch (error) {
    if (error instanceof ConfigError || error instanceof TypeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}
