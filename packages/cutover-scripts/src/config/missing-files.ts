import { access, constants } from 'node:fs/promises';
import type { ConfigMistake, PlaceOf } from '@cutover/foundation/config-file';
import { isErrno } from '@cutover/foundation/errno';
import type { CutoverSettings, SecretValue, SshWay } from './schema.ts';

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
    ['tailnet.authKey', fileOf(tailnet?.authKey)],
    ['tailnet.api.token', fileOf(tailnet?.api?.token)],
    ['tailnet.certificateAuthority', tailnet?.certificateAuthority],
    ...hopFiles('old.ssh', old.ssh),
    ...hopFiles('new', settings.new),
    ...hopFiles('forge.ssh', forge.type === 'gitea' ? {} : (forge.ssh ?? {})),
    ...forgeFiles(forge),
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

function hopFiles(key: string, { jump = [] }: SshWay): [key: string, path: string | undefined][] {
  return jump.flatMap((hop, index): [string, string | undefined][] => [
    [`${key}.jump.${index}.privateKey`, hop.privateKey],
    [`${key}.jump.${index}.knownHosts`, hop.knownHosts],
  ]);
}

function fileOf(value: SecretValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function forgeFiles(forge: CutoverSettings['forge']): [key: string, path: string | undefined][] {
  const knownHosts: [string, string | undefined] = ['forge.ssh.knownHosts', forge.ssh?.knownHosts];
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
