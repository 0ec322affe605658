import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { isErrno } from '@cutover/foundation/errno';

/** What the user's OpenSSH configuration says of a host; what it does not say is `undefined`. */
export interface OpenSshHost {
  readonly hostName: string;
  readonly port: number | undefined;
  /** The first of its identity files that is there, the default ones included. */
  readonly identityFile: string | undefined;
  readonly hostKeyAlias: string | undefined;
  /** `user@host:port` of the hosts to go through, nearest first; `undefined` where there are none. */
  readonly jump: string | undefined;
}

const run = promisify(execFile);

/**
 * Asks OpenSSH what it would do for a host: `~/.ssh/config`, its matches and its defaults.
 *
 * @returns `undefined` where there is no OpenSSH on this machine.
 */
export async function askOpenSsh(
  host: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<OpenSshHost | undefined> {
  try {
    const { stdout } = await run('ssh', ['-G', '--', host], { signal });
    const settings = parseSettings(stdout);
    const [port] = settings.get('port') ?? [];
    const [jump] = settings.get('proxyjump') ?? [];
    return {
      hostName: settings.get('hostname')?.[0] ?? host,
      port: port === undefined || port === '22' ? undefined : Number(port),
      identityFile: await firstPresent(settings.get('identityfile') ?? []),
      hostKeyAlias: settings.get('hostkeyalias')?.[0],
      jump: jump === 'none' ? undefined : jump,
    };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Lines of `name value`, a name once or several times. */
export function parseSettings(text: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space === -1) continue;
    const name = line.slice(0, space);
    settings.set(name, [...(settings.get(name) ?? []), line.slice(space + 1)]);
  }
  return settings;
}

async function firstPresent(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const path = file.startsWith('~/') ? join(homedir(), file.slice(2)) : file;
    try {
      await access(path);
      return path;
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    }
  }
  return undefined;
}
