import { readFile } from 'node:fs/promises';
import { mistakeLines, readConfigFile } from '@cutover/foundation/config-file';
import type { Host } from '@cutover/host';
import { loadRigConfig, type RigConfig } from '@cutover/loops';
import { loadSecretsConfig, type SecretsConfig } from '@cutover/secrets';
import { withAbsolutePaths } from './absolute-paths.ts';
import { ConfigError } from './config-error.ts';
import { missingFiles } from './missing-files.ts';
import { missingSecrets } from './missing-secrets.ts';
import { pinForgeKeys } from './pinned-keys.ts';
import { readPublicKey } from './public-key.ts';
import { type CutoverSettings, cutoverSchema } from './schema.ts';

/** All that a cutover is told by files. */
export interface CutoverConfigs {
  readonly settings: CutoverSettings;
  readonly rig: RigConfig;
  /** The text of `loops.yaml`. */
  readonly rigText: string;
  readonly secrets: SecretsConfig;
  /** The public half of `ssh.privateKey`. */
  readonly rootKey: string;
}

/**
 * Reads `cutover.yaml`, and the files that it names.
 *
 * @throws {ConfigError} with every mistake in all of them; a file that is named and missing is one.
 */
export async function loadConfigs(file: string, here: Host): Promise<CutoverConfigs> {
  const reading = await readConfigFile(file, cutoverSchema);
  if (!reading.ok) throw new ConfigError(mistakeLines(file, reading.mistakes));
  const settings = withAbsolutePaths(reading.value, file);
  const missing = await missingFiles(settings, reading.placeOf);
  const mistakes = mistakeLines(file, missing);
  const collect = (error: unknown): undefined => {
    mistakes.push(...mistakesOf(error));
  };
  const rig = await loadRigConfig(settings.loops).catch(collect);
  const secrets = await loadSecretsConfig(settings.secrets).catch(collect);
  const rootKey = await readPublicKey(here, settings.ssh.privateKey);
  if (rootKey === undefined && !missing.some(({ key }) => key === 'ssh.privateKey')) {
    const what = `${settings.ssh.privateKey} is not a private key without a passphrase; name one, e.g. made by ssh-keygen -N ''`;
    mistakes.push(...mistakeLines(file, [reading.placeOf(['ssh', 'privateKey'], what)]));
  }
  if (secrets !== undefined)
    mistakes.push(...mistakeLines(file, missingSecrets(settings, secrets, reading.placeOf)));
  const pinned = missing.some(({ key }) => key === 'forge.ssh.knownHosts')
    ? undefined
    : await pinForgeKeys(here, settings, reading.placeOf);
  if (pinned?.ok === false) mistakes.push(...mistakeLines(file, [pinned.mistake]));
  if (
    mistakes.length > 0 ||
    pinned?.ok !== true ||
    rig === undefined ||
    secrets === undefined ||
    rootKey === undefined
  ) {
    throw new ConfigError(mistakes);
  }
  const withKeys = { ...settings, forge: withHostKeys(settings.forge, pinned.hostKeys) };
  return { settings: withKeys, rig, rigText: await readFile(settings.loops, 'utf8'), secrets, rootKey };
}

function withHostKeys(forge: CutoverSettings['forge'], hostKeys: string[]): CutoverSettings['forge'] {
  if (forge.type === 'gitea') return { ...forge, ssh: { ...forge.ssh, hostKeys } };
  if (forge.type === 'ssh') return { ...forge, ssh: { ...forge.ssh, hostKeys } };
  return forge.ssh === undefined ? forge : { ...forge, ssh: { ...forge.ssh, hostKeys } };
}

/** The lines of another package's `CONFIG_INVALID`, which each begin with their place; anything else is thrown on. */
function mistakesOf(error: unknown): string[] {
  if (error instanceof Error && 'code' in error && error.code === 'CONFIG_INVALID') {
    return error.message.split('\n');
  }
  throw error;
}
