import { UsageError } from '@cutover/command-line';
import { type Command, Option } from 'commander';

import { ConfigError, loadDeployConfig } from '../config/load.ts';
import { membersOf } from '../config/members.ts';
import { type DeployConfig, deployConfig } from '../config/schema.ts';
import type { FleetMember } from '../fleet/deploy-fleet.ts';

/** Options that every command has. */
export interface SharedOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly flake?: string;
  readonly configuration?: string;
  readonly storePath?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly buildOn?: 'target' | 'here';
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
    .addOption(new Option('--build-on <place>', 'where to build').choices(['target', 'here']))
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
    return { members: membersOf(overridden, chosen, options.config), config: overridden };
  } catch (error) {
    if (error instanceof ConfigError || error instanceof TypeError) {
      throw new UsageError(error.message, { cause: error });
    }
    throw error;
  }
}

/** The config with what the command line says in its place. */
function override(config: DeployConfig, adHoc: readonly string[], options: SharedOptions): DeployConfig {
  const said = Object.fromEntries(
    Object.entries({
      flake: options.flake,
      configuration: options.configuration,
      storePath: options.storePath,
      buildOn: options.buildOn,
      engine: options.engine,
      profile: options.profile,
      sudo: options.sudo,
      confirmTimeout: options.confirmTimeout,
    }).filter(([, value]) => value !== undefined),
  );
  const sourceSaid = options.flake !== undefined || options.storePath !== undefined;
  const targets = Object.entries(config.targets).map(([name, target]) => {
    const { flake, storePath, ...rest } = { ...config.defaults, ...target };
    const source = sourceSaid ? {} : { flake, storePath };
    return [name, { ...rest, ...source, ...said }];
  });
  const extra = adHoc.map((name) => [name.replace(/[@:]/g, '-'), { ...said, ssh: sshOf(name, options) }]);
  const parsed = deployConfig.safeParse({
    ...config,
    defaults: undefined,
    targets: Object.fromEntries([...targets, ...extra]),
  });
  if (parsed.success) return rename(parsed.data, adHoc);
  throw new ConfigError('command line', parsed.error.issues.map(({ message }) => message).join('; '));
}

/** Targets of the command line are called as they were written there. */
function rename(config: DeployConfig, adHoc: readonly string[]): DeployConfig {
  const targets = { ...config.targets };
  for (const name of adHoc) {
    const key = name.replace(/[@:]/g, '-');
    const target = targets[key];
    if (target === undefined) continue;
    delete targets[key];
    targets[name] = target;
  }
  return { ...config, targets };
}

function sshOf(name: string, { identity, knownHosts }: SharedOptions): object {
  const found = /^([^@\s]+)@(\[[^\]]+\]|[^:\s]+)(?::(\d+))?$/.exec(name);
  if (found === null) throw new ConfigError('command line', `${name} is not user@host[:port]`);
  const [, user, host = '', port] = found;
  return {
    host: host.replace(/^\[|\]$/g, ''),
    user,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(identity === undefined ? {} : { identityFile: identity }),
    ...(knownHosts === undefined ? {} : { knownHostsFile: knownHosts }),
  };
}
