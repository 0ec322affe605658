import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

import type { ConfigMistake, PlaceOf } from '@cutover/foundation/config-file';
import { isErrno } from '@cutover/foundation/errno';

import { absoluteFlake, isLocalFlake } from './local-flake.ts';
import type { DeployConfig, SshConfig, TargetConfig } from './schema.ts';

export interface CheckedFiles {
  readonly config: DeployConfig;
  readonly mistakes: readonly ConfigMistake[];
}

/** The config with absolute paths in place of those that are relative to its folder or begin with `~/`, and what is missing. */
export async function checkFiles(
  config: DeployConfig,
  configPath: string,
  placeOf: PlaceOf,
): Promise<CheckedFiles> {
  const folder = dirname(resolve(configPath));
  const mistakes: ConfigMistake[] = [];

  const file = async (path: string | undefined, key: readonly PropertyKey[]): Promise<string | undefined> => {
    if (path === undefined) return undefined;
    const absolute = path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(folder, path);
    const problem = await whyUnreadable(absolute);
    if (problem !== undefined) mistakes.push(placeOf(key, problem));
    return absolute;
  };
  const endpoint = async <T extends SshConfig | undefined>(
    ssh: T,
    key: readonly PropertyKey[],
  ): Promise<T> => {
    if (ssh === undefined) return ssh;
    const { jump } = ssh;
    return {
      ...ssh,
      privateKey: await file(ssh.privateKey, [...key, 'privateKey']),
      knownHosts: await file(ssh.knownHosts, [...key, 'knownHosts']),
      jump: jump === undefined ? undefined : await endpoint(jump, [...key, 'jump']),
    };
  };
  const builder = async (
    buildOn: TargetConfig['buildOn'],
    key: readonly PropertyKey[],
  ): Promise<TargetConfig['buildOn']> =>
    typeof buildOn === 'object' ? { ssh: await endpoint(buildOn.ssh, [...key, 'buildOn', 'ssh']) } : buildOn;

  const flake = (reference: string | undefined): string | undefined =>
    reference === undefined ? undefined : relativeFlake(absoluteFlake(reference, folder), reference);

  const { defaults } = config;
  const targets: Record<string, TargetConfig> = {};
  for (const [name, target] of Object.entries(config.targets)) {
    const key = ['targets', name];
    const ssh = await endpoint(target.ssh, [...key, 'ssh']);
    targets[name] = {
      ...target,
      ssh,
      flake: flake(target.flake),
      buildOn: await builder(target.buildOn, key),
    };
  }
  return {
    config: {
      ...config,
      targets,
      defaults: defaults && {
        ...defaults,
        flake: flake(defaults.flake),
        buildOn: await builder(defaults.buildOn, ['defaults']),
      },
    },
    mistakes,
  };
}

/** Still a relative one, which says that it is of this machine. */
function relativeFlake(absolute: string, reference: string): string {
  if (!isLocalFlake(reference)) return reference;
  const scheme = absolute.startsWith('path:') ? 'path:' : '';
  return `${scheme}./${relative(process.cwd(), absolute.slice(scheme.length))}`;
}

async function whyUnreadable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return `the file ${path} is missing`;
    if (isErrno(error, 'EACCES')) return `this user may not read ${path}`;
    throw error;
  }
}
