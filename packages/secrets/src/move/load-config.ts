import { readConfigFile } from '@cutover/foundation/config-file';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../config-error.ts';
import { type SecretsConfig, configMistakes, secretsConfigSchema } from './config.ts';

/**
 * Reads `secrets.yaml`. `repository` becomes absolute.
 *
 * @throws {ConfigError} `CONFIG_INVALID` with every mistake and its place.
 */
export async function loadSecretsConfig(path: string): Promise<SecretsConfig> {
  const read = await readConfigFile(path, secretsConfigSchema);
  const mistakes = configMistakes(read);
  if (!read.ok || mistakes.length > 0) throw new ConfigError(path, mistakes);
  return { ...read.value, repository: resolve(dirname(path), read.value.repository) };
}
