import { parseConfig } from '@cutover/foundation/config-file';
import { localHost } from '@cutover/host';

import { NixError } from '../errors.ts';
import { targetsArgv } from '../nix/arguments.ts';
import { ConfigError } from './load.ts';
import { absoluteFlake } from './local-flake.ts';
import { type DeployConfig, deployConfig } from './schema.ts';

/**
 * Reads the targets from a flake's output `nix-deploy`, which says what a config file would say; one evaluation for all of
 * them. A target without a source of its own is deployed from the `nixosConfigurations` of its name.
 *
 * @throws {NixError} the flake has no such output, or it does not evaluate.
 * @throws {ConfigError} it says something that a config file may not.
 */
export async function loadFlakeTargets(flake: string): Promise<DeployConfig> {
  await using here = localHost();
  const reference = absoluteFlake(flake, process.cwd());
  const { exitCode, stdout, stderr } = await here.run(targetsArgv(reference), { reject: false });
  if (exitCode !== 0) {
    throw new NixError('evaluate', here.name, {
      exitCode,
      lastLines: [...stderr.trimEnd().split('\n').slice(-20), ...hint(stderr)],
    });
  }
  const reading = parseConfig(stdout, deployConfig);
  const where = `${flake}#nix-deploy`;
  // Line and column of JSON that nix printed say nothing: the keys do.
  if (!reading.ok) {
    const mistakes = reading.mistakes.map(({ key, message }) => ({ key, message }));
    throw new ConfigError(where, mistakes);
  }
  const targets = Object.entries(reading.value.targets).map(([name, target]) => [
    name,
    target.storePath === undefined
      ? { configuration: name, ...target, flake: target.flake ?? flake }
      : target,
  ]);
  return { ...reading.value, targets: Object.fromEntries(targets) };
}

/** Most who meet this have neither a config file nor such an output, and want one host. */
function hint(stderr: string): readonly string[] {
  if (!stderr.includes('does not provide attribute')) return [];
  return [
    'without a config file the targets are read from the flake’s output nix-deploy; for a single host give user@host',
  ];
}
