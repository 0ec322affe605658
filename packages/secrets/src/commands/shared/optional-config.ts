import type { SecretsConfig } from '../../move/config.ts';

/** The config, or `undefined` when there is no such file. */
export async function optionalConfig(path: string): Promise<SecretsConfig | undefined> {
  const { access } = await import('node:fs/promises');
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  const { loadSecretsConfig } = await import('../../move/load-config.ts');
  return loadSecretsConfig(path);
}
