import type { SecretsConfig } from '../../move/config.ts';

/** Where the config is when no other is named. */
export const defaultConfig = 'secrets.yaml';

/**
 * The config that `--config` names, or `secrets.yaml`. Without `--config` there may be none, and a sops file of that name, as
 * sops-nix has it, is not the config.
 *
 * @throws {ConfigError} `CONFIG_INVALID`: the named file is not there, or the config has mistakes.
 */
export async function optionalConfig(named: string | undefined): Promise<SecretsConfig | undefined> {
  const { loadSecretsConfig } = await import('../../move/load-config.ts');
  if (named !== undefined) return loadSecretsConfig(named);
  return (await isConfig()) ? loadSecretsConfig(defaultConfig) : undefined;
}

async function isConfig(): Promise<boolean> {
  const { unlessAbsent } = await import('@cutover/foundation/errno');
  const { stat } = await import('node:fs/promises');
  const { readFileBounded } = await import('../../files/read-file.ts');
  if ((await unlessAbsent(stat(defaultConfig))) === undefined) return false;
  const text = (await readFileBounded(defaultConfig)).toString('utf8');
  return !(/^sops:/m.test(text) && /^ +mac:/m.test(text));
}
