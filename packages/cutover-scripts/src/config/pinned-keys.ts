import type { ConfigMistake, PlaceOf } from '@cutover/foundation/config-file';
import type { Host } from '@cutover/host';
import type { CutoverSettings } from './schema.ts';

/** The keys of the forge, with which the new host verifies it; or why there are none. */
export type PinnedKeys =
  | { readonly ok: true; readonly hostKeys: string[] }
  | { readonly ok: false; readonly mistake: ConfigMistake };

/**
 * The host keys of the forge as the config gives them, or as its file of known hosts does. The new host gets them in its
 * own configuration: it has no other way to verify the forge.
 */
export async function pinForgeKeys(
  here: Host,
  { forge }: CutoverSettings,
  placeOf: PlaceOf,
): Promise<PinnedKeys> {
  const { ssh } = forge;
  // Over https a certificate is verified, by what each machine trusts.
  if (ssh === undefined) return { ok: true, hostKeys: [] };
  if (ssh.hostKeys !== undefined || ssh.knownHosts === undefined)
    return { ok: true, hostKeys: ssh.hostKeys ?? [] };
  const name = ssh.port === 22 ? ssh.host : `[${ssh.host}]:${ssh.port}`;
  const { stdout } = await here.run(['ssh-keygen', '-F', name, '-f', ssh.knownHosts], { reject: false });
  const hostKeys = stdout.split('\n').flatMap(keyOfLine);
  if (hostKeys.length > 0) return { ok: true, hostKeys };
  const what = `${ssh.knownHosts} has no key of ${name}; add one that you have verified, e.g. from ssh-keyscan ${ssh.port === 22 ? '' : `-p ${ssh.port} `}${ssh.host}`;
  return { ok: false, mistake: placeOf(['forge', 'ssh', 'knownHosts'], what) };
}

/** Type and key of a line of known hosts; none of a comment, nor of a line that is marked (`@revoked`, `@cert-authority`). */
function keyOfLine(line: string): string[] {
  if (line.startsWith('#') || line.startsWith('@')) return [];
  const [, type, key] = line.split(' ');
  return type === undefined || key === undefined ? [] : [`${type} ${key}`];
}
