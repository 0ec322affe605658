import { parseConfig } from '@cutover/foundation/config-file';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../config-error.ts';
import { SecretsError } from '../errors.ts';
import { readFileBounded } from '../files/read-file.ts';
import { type SecretsConfig, configMistakes, secretsConfigSchema } from './config.ts';

/**
 * Reads `secrets.yaml`. `repository` becomes absolute.
 *
 * @throws {ConfigError} `CONFIG_INVALID` with every mistake and its place.
 *
 * @example
 * const { secrets, bootstrapKey } = await loadSecretsConfig('secrets.yaml');
 */
export async function loadSecretsConfig(path: string): Promise<SecretsConfig> {
  const read = parseConfig(await readText(path), secretsConfigSchema);
  if (!read.ok && read.mistakes.some(({ key }) => key === 'sops.mac' || key === 'sops.lastmodified')) {
    const message = 'it is a sops file, not the config; name the config with --config';
    throw new ConfigError(path, [{ key: '', message }]);
  }
  const mistakes = configMistakes(read);
  if (!read.ok || mistakes.length > 0) throw new ConfigError(path, mistakes);
  return { ...read.value, repository: resolve(dirname(path), read.value.repository) };
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFileBounded(path)).toString('utf8');
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new ConfigError(path, [{ key: '', message: `${error.what}; name it with --config` }]);
  }
}
