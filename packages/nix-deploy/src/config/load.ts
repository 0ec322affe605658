import { mistakeLines, parseConfig, readConfigFile } from '@cutover/foundation/config-file';

import { checkFiles } from './files.ts';
import { type DeployConfig, deployConfig } from './schema.ts';

/** One mistake in a config file. */
export interface ConfigMistake {
  /** The key, e.g. `targets.vm.address`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
  /** Where it is, counted from 1; absent where the file could not be read. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** A config file that cannot be read or contains mistakes; the message has a line for each of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';
  readonly path: string;
  readonly mistakes: readonly ConfigMistake[];

  constructor(path: string, mistakes: readonly ConfigMistake[]) {
    super(mistakeLines(path, mistakes).join('\n'));
    this.path = path;
    this.mistakes = mistakes;
  }
}

/**
 * Reads a config file. The files that it names must be there; a relative path is relative to the config file's folder.
 *
 * @throws {ConfigError} with every mistake in it.
 */
export async function loadDeployConfig(path: string): Promise<DeployConfig> {
  const reading = await readConfigFile(
    path,
    deployConfig,
    'name it with --config, or give the target as user@host',
  );
  if (!reading.ok) throw new ConfigError(path, reading.mistakes);
  const { config, mistakes } = await checkFiles(reading.value, path, reading.placeOf);
  if (mistakes.length > 0) throw new ConfigError(path, mistakes);
  return config;
}

/** The same from a text. The files that it names are not looked for. @throws {ConfigError} */
export function parseDeployConfig(text: string, path: string = 'nix-deploy.yaml'): DeployConfig {
  const reading = parseConfig(text, deployConfig);
  if (reading.ok) return reading.value;
  throw new ConfigError(path, reading.mistakes);
}
