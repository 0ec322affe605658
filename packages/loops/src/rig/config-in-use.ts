import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';
import { loadRigConfig } from '../config/load-rig-config.ts';
import type { RigConfig } from '../config/rig-config.ts';
import { controlSocket, glanceControlSocket, rigPlaces } from '../config/rig-places.ts';
import { askSupervisor } from '../control/control-connection.ts';
import { ConfigError, LoopsError } from '../errors.ts';

/**
 * The config of a rig that is to be looked at or stopped: its file, or while that has mistakes, what its supervisor has in
 * use.
 *
 * @param onMistakes called when the file has mistakes, and a supervisor goes on with what it read before.
 * @throws {ConfigError} the file has mistakes, and no supervisor that was started with it answers.
 */
export async function configInUse(
  path: string,
  onMistakes: (mistakes: ConfigError) => void = () => {},
): Promise<RigConfig> {
  try {
    return await loadRigConfig(path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const config = await askForConfig(path);
    if (config === undefined) throw error;
    onMistakes(error);
    return config;
  }
}

/** Where its text does not say where the rig is, it is where it is without being told. */
async function askForConfig(path: string): Promise<RigConfig | undefined> {
  const whole = resolve(path);
  const usual = controlSocket(rigPlaces({ workspace: dirname(whole) }, whole));
  try {
    const config = await askSupervisor((await glanceControlSocket(path)) ?? usual, 'config', {});
    const [own, meant] = await Promise.all([config.path, whole].map((one) => unlessAbsent(realpath(one))));
    return own === undefined || own !== meant ? undefined : config;
  } catch (error) {
    const code = error instanceof LoopsError ? error.code : undefined;
    if (code === 'SUPERVISOR_ABSENT' || code === 'SUPERVISOR_SILENT') return undefined;
    throw error;
  }
}
