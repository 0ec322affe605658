import { existsSync } from 'node:fs';

import { UsageError } from '@cutover/foundation/usage-error';

import { loadFlakeTargets } from '../../config/flake-targets.ts';
import { loadDeployConfig } from '../../config/load.ts';
import { membersOf } from '../../config/members.ts';
import type { DeployConfig } from '../../config/schema.ts';
import type { FleetMember } from '../../fleet/deploy-fleet.ts';
import { resolveOptions } from '../../options.ts';
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
  for (const member of members) resolveOptions(member.options);
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
  return await loadFlakeTargets(flake);
}

/** Where a command is for one target. @throws {UsageError} */
export async function onlyMember(names: readonly string[], options: SharedOptions): Promise<FleetMember> {
  const { members } = await chosenMembers(names, options);
  const [only, second] = members;
  if (only === undefined || second !== undefined) throw new UsageError('name one target');
  return only;
}
