import { existsSync } from 'node:fs';

import { UsageError } from '@cutover/foundation/usage-error';

import { loadFlakeTargets } from '../../config/flake-targets.ts';
import { loadDeployConfig } from '../../config/load.ts';
import { membersOf } from '../../config/members.ts';
import type { DeployConfig } from '../../config/schema.ts';
import { DeployOptionsError } from '../../errors.ts';
import type { FleetMember } from '../../fleet/deploy-fleet.ts';
import { resolveOptions } from '../../options.ts';
import { splitFlake } from '../../source.ts';
import type { SharedOptions } from './options.ts';
import { withSudoPassword } from '../../target/sudo-password.ts';
import { askPassword } from './ask-password.ts';
import { override } from './override.ts';

export interface ChosenMembers {
  readonly members: readonly FleetMember[];
  readonly config: DeployConfig;
}

/**
 * The targets that a command is for, each with its options; options that contradict each other are refused here, before
 * anything is started.
 *
 * @throws {UsageError}
 * @throws {ConfigError}
 * @throws {DeployOptionsError}
 */
export async function chosenMembers(
  names: readonly string[],
  options: SharedOptions,
): Promise<ChosenMembers> {
  const adHoc = names.filter((name) => name.indexOf('@') > 0);
  const config =
    names.length > 0 && adHoc.length === names.length ? { targets: {} } : await readTargets(options);
  const overridden = override(config, adHoc, options);
  const members = membersOf(overridden, names);
  if (members.length === 0)
    throw new UsageError('there is no target: list targets in the config file, or give user@host');
  requireNamed(names, members, options);
  for (const member of members) requireSound(member);
  if (options.askSudoPassword !== true) return { members, config: overridden };
  const password = await askPassword('Password of sudo on the targets: ');
  const answering = members.map(({ target, options: own }) => ({
    target: withSudoPassword(target, password),
    options: { ...own, sudo: true },
  }));
  return { members: answering, config: overridden };
}

/** From the config file; where there is none and a flake is given, from the flake. */
async function readTargets({ config, flake }: SharedOptions): Promise<DeployConfig> {
  if (flake === undefined || existsSync(config)) return await loadDeployConfig(config);
  return await loadFlakeTargets(splitFlake(flake).flake);
}

/**
 * One system for all of the config file is rather a name that was forgotten.
 *
 * @throws {UsageError}
 */
function requireNamed(
  names: readonly string[],
  members: readonly FleetMember[],
  { flake = '', configuration = splitFlake(flake).configuration, storePath }: SharedOptions,
): void {
  const system = configuration ?? storePath;
  if (system === undefined || names.length > 0 || members.length === 1) return;
  const all = members.map(({ target }) => target.name).join(', ');
  throw new UsageError(`name the targets that are to be ${system}; without a name it is each of ${all}`);
}

/** @throws {DeployOptionsError} which names the target. */
function requireSound({ target, options }: FleetMember): void {
  try {
    resolveOptions(options);
  } catch (error) {
    if (!(error instanceof DeployOptionsError)) throw error;
    throw new DeployOptionsError(`${target.name}: ${error.message}`, { cause: error });
  }
}

/** Where a command is for one target. @throws {UsageError} */
export async function onlyMember(name: string | undefined, options: SharedOptions): Promise<FleetMember> {
  const { members } = await chosenMembers(name === undefined ? [] : [name], options);
  const [only, second] = members;
  if (only === undefined || second !== undefined) {
    const known = members.map(({ target }) => target.name).join(', ');
    throw new UsageError(`this is for one target at a time: name one of ${known}`);
  }
  return only;
}
