import { resolve } from 'node:path';
import type { RigConfig } from '../config/rig-config.ts';
import { controlSocket, glanceControlSocket } from '../config/rig-places.ts';
import { LoopsError, RequestUnansweredError } from '../errors.ts';
import { type AskOptions, askSupervisor } from './control-connection.ts';
import type { Requests } from './requests.ts';

/** What comes to the same when it is done twice: a restart would end what has just begun, an end the next supervisor. */
const repeatable = new Set<keyof Requests>([
  'status',
  'config',
  'reload',
  'start',
  'stop',
  'prompt',
  'phase.advance',
  'phase.set',
  'hold',
  'ownership',
  'release',
  'stop-all',
]);

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
    if (!mayAskAgain(error, method)) throw error;
  }
  const { configInUse } = await import('../rig/config-in-use.ts');
  return askRigOf(await configInUse(configPath), method, params, { signal });
}

/** The same for a config that was read. One that holds the rig and has no socket at the moment is waited for. */
export async function askRigOf<Method extends keyof Requests>(
  config: RigConfig,
  method: Method,
  params: Requests[Method]['params'],
  { signal }: AskOptions = {},
): Promise<Requests[Method]['result']> {
  const options = { signal, config: config.path };
  try {
    return await askSupervisor(controlSocket(config), method, params, options);
  } catch (error) {
    if (!mayAskAgain(error, method)) throw error;
    const { hasSocketAgain } = await import('./absent-socket.ts');
    if (!(await hasSocketAgain(config, signal))) throw error;
  }
  return askSupervisor(controlSocket(config), method, params, options);
}

function mayAskAgain(error: unknown, method: keyof Requests): boolean {
  if (error instanceof RequestUnansweredError) return repeatable.has(method);
  return error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT';
}
