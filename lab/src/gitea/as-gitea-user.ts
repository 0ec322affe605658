import { join } from 'node:path';
import { giteaFiles, sshUser } from './settings.ts';

/** It refuses to run as root. A user without an entry in passwd: what it owns is no other program's. */
export const giteaUid = 48_222;

/** A command of the Gitea in `folder`, as its own user; it ends when the process that started it does. */
export function asGiteaUser(folder: string, argv: readonly string[]) {
  const { program, settings, data } = giteaFiles(folder);
  const user = [`--reuid=${giteaUid}`, `--regid=${giteaUid}`, '--clear-groups', '--pdeathsig=KILL'];
  return {
    command: 'setpriv',
    args: [...user, '--', program, '--config', settings, ...argv],
    options: {
      cwd: folder,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: join(data, 'home'),
        USER: sshUser,
      },
    },
  };
}
