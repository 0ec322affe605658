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
  const hostKeys = await knownKeys(here, ssh, ssh.knownHosts);
  const name = nameOf(ssh);
  if (hostKeys.length > 0) return { ok: true, hostKeys };
  const what = `${ssh.knownHosts} has no key of ${name}; add one that you have verified, e.g. from ssh-keyscan ${ssh.port === 22 ? '' : `-p ${ssh.port} `}${ssh.host}`;
  return { ok: false, mistake: placeOf(['forge', 'ssh', 'knownHosts'], what) };
}

/** The keys of a host in a file of known hosts, hashed ones too. */
export async function knownKeys(
  here: Host,
  address: { readonly host: string; readonly port: number },
  file: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const argv = ['ssh-keygen', '-F', nameOf(address), '-f', file];
  const { stdout } = await here.run(argv, { reject: false, signal });
  return stdout.split('\n').flatMap(keyOfLine);
}

/** A host's name, as a file of known hosts has it. */
function nameOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** Type and key of a line of known hosts; none of a comment, nor of a line that is marked (`@revoked`, `@cert-authority`). */
function keyOfLine(line: string): string[] {
  if (line.startsWith('#') || line.startsWith('@')) return [];
  const [, type, key] = line.split(' ');
  return type === undefined || key === undefined ? [] : [`${type} ${key}`];
}
