import { UsageError } from '@cutover/foundation/usage-error';

import { ConfigError, loadDeployConfig } from '../config/load.ts';
import { membersOf } from '../config/members.ts';
import type { DeployConfig } from '../config/schema.ts';
import type { FleetMember } from '../fleet/deploy-fleet.ts';
import { settle } from '../options.ts';
import type { SharedOptions } from './options.ts';
import { override } from './override.ts';

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

/** Where a command is for one target. @throws {UsageError} */
export async function onlyMember(names: readonly string[], options: SharedOptions): Promise<FleetMember> {
  const { members } = await chosenMembers(names, options);
  const [only, second] = members;
  if (only === undefined || second !== undefined) throw new UsageError('name one target');
  return only;
}
