import { readFile } from 'node:fs/promises';

import { parseDocument } from 'yaml';
import * as z from 'zod';

import { type DeployConfig, deployConfig } from './schema.ts';

/** A config file cannot be read, or says something that it may not. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';
  readonly path: string;

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`${path}: ${why}`, options);
    this.path = path;
  }
}

/** @throws {ConfigError} with every mistake in it. */
export async function loadDeployConfig(path: string): Promise<DeployConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(path, 'cannot be read; give --config FILE, or a target as user@host', {
      cause: error,
    });
  }
  return parseDeployConfig(text, path);
}

export function parseDeployConfig(text: string, path: string = 'nix-deploy.yaml'): DeployConfig {
  const document = parseDocument(text, { prettyErrors: true });
  const [mistake] = document.errors;
  if (mistake !== undefined) throw new ConfigError(path, mistake.message, { cause: mistake });
  const parsed = deployConfig.safeParse(document.toJS());
  if (!parsed.success) throw new ConfigError(path, z.prettifyError(parsed.error), { cause: parsed.error });
  return parsed.data;
}
