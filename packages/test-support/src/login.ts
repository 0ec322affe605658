import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** How the user of this process logs in: by this shell, in an otherwise empty home with these files. */
export interface Login {
  readonly shell: string;
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Runs a command in a mount namespace of its own, in which the user has another shell and another home, made in
 * `directory`. The system's own passwd stays as it is.
 */
export async function loginAs(directory: string, { shell, files = {} }: Login): Promise<readonly string[]> {
  const home = join(directory, 'home');
  await mkdir(home);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), content);
  }
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => {
    const [user, password, uid, gid, comment] = line.split(':');
    return user === userInfo().username ? [user, password, uid, gid, comment, home, shell].join(':') : line;
  });
  const passwd = join(directory, 'passwd');
  await writeFile(passwd, lines.join('\n'));
  return ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/passwd && exec "$@"', passwd];
}
