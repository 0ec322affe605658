import { resolve } from 'node:path';
import {
  type ConfigMistake,
  type ConfigReading,
  mistakeLines,
  parseConfig,
  readConfigFile,
} from '@cutover/foundation/config-file';
import { ConfigError } from '../errors.ts';
import { withAbsolutePaths } from './absolute-paths.ts';
import type { RigConfig } from './rig-config.ts';
import { rigMistakes } from './rig-mistakes.ts';
import { type RigFile, rigFileSchema } from './schema.ts';

const hint = 'name it with --config FILE or LOOPS_CONFIG (loops --help shows how to begin one)';

/**
 * Reads and checks a `loops.yaml`.
 *
 * @throws {ConfigError} it cannot be read or used; every mistake is listed with its line and column.
 *
 * @example
 * const config = await loadRigConfig('loops.yaml');
 * const { loops } = await readRigStatus(config);
 */
export async function loadRigConfig(path: string): Promise<RigConfig> {
  return checked(await readConfigFile(path, rigFileSchema, hint), path);
}

/**
 * Checks the text of a `loops.yaml`.
 *
 * @param path is named in errors, and a relative `workspace` is relative to its directory.
 * @throws {ConfigError} it cannot be used.
 */
export function parseRigConfig(text: string, path: string): RigConfig {
  return checked(parseConfig(text, rigFileSchema), path);
}

function checked(reading: ConfigReading<RigFile>, path: string): RigConfig {
  const refuse = (mistakes: readonly ConfigMistake[]): ConfigError =>
    new ConfigError(path, mistakeLines(path, mistakes));
  if (!reading.ok) throw refuse(reading.mistakes);
  const absolute = resolve(path);
  const config = withAbsolutePaths(reading.value, absolute);
  const mistakes = rigMistakes(config, reading.placeOf);
  if (mistakes.length > 0) throw refuse(mistakes);
  return config;
}
