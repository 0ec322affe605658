import { access, constants } from 'node:fs/promises';
import type { ConfigMistake, PlaceOf } from '@cutover/foundation/config-file';
import { isErrno } from '@cutover/foundation/errno';
import type { TokenSource } from '../forge/token.ts';
import type { CutoverSettings } from './schema.ts';

/** A mistake for each file that the settings name and that is missing or cannot be read. */
export async function missingFiles(settings: CutoverSettings, placeOf: PlaceOf): Promise<ConfigMistake[]> {
  const { incus, old, forge, tailnet, approvers } = settings;
  const named: [key: string, path: string | undefined][] = [
    ['incus.certificate', incus.certificate],
    ['incus.key', incus.key],
    ['incus.serverCertificate', incus.serverCertificate],
    ['ssh.privateKey', settings.ssh.privateKey],
    ['old.ssh.privateKey', old.ssh.privateKey],
    ['old.ssh.knownHosts', old.ssh.knownHosts],
    ...forgeFiles(forge),
    ['tailnet.authKey', tailnet?.authKey],
    ['approvers.allowedSigners', approvers?.allowedSigners],
  ];
  const mistakes = await Promise.all(
    named.map(async ([key, path]) => {
      const problem = path === undefined ? undefined : await whyUnreadable(path);
      return problem === undefined ? [] : [placeOf(key.split('.'), problem)];
    }),
  );
  return mistakes.flat();
}

function forgeFiles(forge: CutoverSettings['forge']): [key: string, path: string | undefined][] {
  const knownHosts: [string, string | undefined] = ['forge.ssh.knownHosts', forge.ssh?.knownHosts];
  const fileOf = (token: TokenSource | undefined): string | undefined =>
    typeof token === 'string' ? token : undefined;
  if (forge.type === 'gitea')
    return [knownHosts, ['forge.token', fileOf(forge.token)], ['forge.certificate', forge.certificate]];
  const { https } = forge.type === 'git' ? forge : { https: undefined };
  return [
    ['forge.ssh.privateKey', forge.ssh?.privateKey],
    knownHosts,
    ['forge.https.token', fileOf(https?.token)],
    ['forge.https.certificate', https?.certificate],
  ];
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
