import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { SecretsError } from '../errors.ts';
import { type SecretsConfig, parseSecretsConfig } from './config.ts';

/**
 * Reads `secrets.yaml`. `repository` becomes absolute.
 *
 * @throws {SecretsError} `CONFIG_INVALID`
 */
export async function loadSecretsConfig(path: string): Promise<SecretsConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new SecretsError(
      'CONFIG_INVALID',
      'the config file cannot be read',
      { file: path },
      { cause: error },
    );
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    throw new SecretsError('CONFIG_INVALID', 'the config file is not YAML', { file: path });
  }
  const config = parseSecretsConfig(value, path);
  return { ...config, repository: resolve(dirname(path), config.repository) };
}
