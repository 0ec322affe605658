import { resolve } from 'node:path';
import { controlSocket, glanceControlSocket } from '../config/rig-places.ts';
import { LoopsError } from '../errors.ts';
import { type AskOptions, askSupervisor } from './control-connection.ts';
import type { Requests } from './requests.ts';

/**
 * Asks the supervisor of a config. The config is read in full only when a glance at it does not lead to one.
 *
 * @throws {LoopsError} as {@link askSupervisor}; also {@link ConfigError} when no supervisor answers.
 */
export async function askRig<Method extends keyof Requests>(
  configPath: string,
  method: Method,
  params: Requests[Method]['params'],
  { signal }: AskOptions = {},
): Promise<Requests[Method]['result']> {
  const options = { signal, config: resolve(configPath) };
  const glanced = await glanceControlSocket(configPath);
  try {
    if (glanced !== undefined) return await askSupervisor(glanced, method, params, options);
  } catch (error) {
    if (!(error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT')) throw error;
    if ((await socketOf(configPath)) === glanced) throw error;
  }
  return askSupervisor(await socketOf(configPath), method, params, options);
}

async function socketOf(configPath: string): Promise<string> {
  const { configInUse } = await import('../rig/config-in-use.ts');
  return controlSocket(await configInUse(configPath));
}
