import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { SecretsError } from '../errors.ts';

const run = promisify(execFile);

/** Numbers of users and groups, each asked once. */
export interface Accounts {
  /** A user's uid. */
  user(name: string): Promise<number>;
  /** A group's gid. */
  group(name: string): Promise<number>;
}

/** Looks names up in `/etc`, then as the system does (`getent`), so that every source of accounts is seen. */
export function systemAccounts(): Accounts {
  const users = new Map<string, Promise<number>>();
  const groups = new Map<string, Promise<number>>();
  return {
    user: (name) => remember(users, name, async () => Number((await entryOf('passwd', name))[2])),
    group: (name) => remember(groups, name, async () => Number((await entryOf('group', name))[2])),
  };
}

function remember<T>(known: Map<string, Promise<T>>, name: string, ask: () => Promise<T>): Promise<T> {
  const answer = known.get(name) ?? ask();
  known.set(name, answer);
  return answer;
}

async function entryOf(database: 'passwd' | 'group', name: string): Promise<string[]> {
  // Most accounts are in the file; the command knows the others.
  const lines = (await readFile(`/etc/${database}`, 'utf8')).split('\n');
  const found = lines.find((line) => line.startsWith(`${name}:`));
  if (found !== undefined) return found.split(':');
  try {
    const { stdout } = await run('getent', [database, name]);
    return stdout.trim().split(':');
  } catch (error) {
    const what = database === 'passwd' ? 'user' : 'group';
    throw new SecretsError(
      'ACTIVATION_FAILED',
      `there is no ${what} ${name} on this host`,
      {},
      { cause: error },
    );
  }
}
