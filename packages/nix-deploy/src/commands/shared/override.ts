import { UsageError } from '@cutover/foundation/usage-error';
import { parseDestination } from '@cutover/host';

import { withDefaults } from '../../config/members.ts';
import type { DeployConfig, SshConfig, TargetConfig } from '../../config/schema.ts';
import { splitFlake } from '../../source.ts';
import type { SharedOptions } from './options.ts';

/**
 * The config with the command line in place of what it says, and with targets that only the command line names.
 *
 * @throws {UsageError}
 */
export function override(
  config: DeployConfig,
  adHoc: readonly string[],
  options: SharedOptions,
): DeployConfig {
  const { flake, storePath } = options;
  if (flake !== undefined && storePath !== undefined) {
    throw new UsageError('give --flake or --store-path, not both');
  }
  const named = flake === undefined ? undefined : splitFlake(flake);
  if (named?.configuration !== undefined && options.configuration !== undefined) {
    throw new UsageError('name the configuration once: --flake FLAKE#NAME, or --configuration NAME');
  }
  const source =
    flake === undefined && storePath === undefined ? {} : { flake: undefined, storePath, ...named };
  const own = { ...given(options, config), ...source };
  const listed = Object.entries(config.targets).map(([name, target]) => [
    name,
    { ...withDefaults(config, target), ...own },
  ]);
  const extra = adHoc.map((name) => [name, { ...own, ssh: sshOf(name, options) }]);
  return { ...config, defaults: undefined, targets: Object.fromEntries([...listed, ...extra]) };
}

/** What the command line says of every target. */
function given(options: SharedOptions, config: DeployConfig): Partial<TargetConfig> {
  const { configuration, buildOn, evaluateOn, engine, profile, sudo, confirmTimeout } = options;
  const all: Partial<TargetConfig> = {
    configuration,
    buildOn: buildOn === undefined ? undefined : placeOf(buildOn, config, options),
    evaluateOn,
    engine,
    profile,
    sudo,
    confirmTimeout,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Where to build, as the config file says it. */
function placeOf(name: string, { targets }: DeployConfig, options: SharedOptions): TargetConfig['buildOn'] {
  if (name === 'target' || name === 'here' || Object.hasOwn(targets, name)) return name;
  if (name.includes('@')) return { ssh: sshOf(name, options) };
  throw new UsageError(
    `--build-on ${name} is neither target, here, a name in the config file, nor user@host[:port]`,
  );
}

function sshOf(name: string, { identity, knownHosts }: SharedOptions): SshConfig {
  const { destination, problem } = parseDestination(name);
  if (destination === undefined) throw new UsageError(problem);
  const { user, host, port } = destination;
  return { host, user, port, privateKey: identity, knownHosts };
}
