import { untilAborted } from '@cutover/foundation/until-aborted';
import { CommandRefusedError, createHost, type Host, HostOptionError, spawnOn } from '@cutover/host-contract';

import enterSession from './enter-session.sh';

/** A user's entry in passwd(5). */
interface Account {
  readonly uid: string;
  readonly gid: string;
  readonly home: string;
  readonly shell: string;
}

/**
 * The same host, seen by another user: commands run as that user with all of its groups, in its home unless `cwd` says
 * otherwise, and files belong to it. `host` must connect as root. setpriv (util-linux) makes the change by exec, so
 * signals and exit codes are the command's own. Disposing it leaves `host` open.
 *
 * @example
 * await using loops = asUser(oldHost, 'loops');
 * await loops.run(['git', '-C', '/srv/rig/builder', 'fetch']);
 */
export function asUser(host: Host, user: string): Host {
  // Directory services have users such as `ada@example.org` and `OFFICE\\ada`.
  if (!/^[^-\p{Control}:][^\p{Control}:]*$/u.test(user)) {
    throw new HostOptionError(host.name, 'user', `${JSON.stringify(user)} cannot be a user's name`);
  }
  const name = `${user} on ${host.name}`;
  let account: Promise<Account> | undefined;
  const lookUp = (): Promise<Account> => {
    account ??= readAccount(host, user).catch((error: unknown) => {
      account = undefined;
      throw error;
    });
    return account;
  };

  return createHost({
    name,
    spawn: async ({ argv, env, cwd, signal }) => {
      const { uid, gid, home, shell } = await untilAborted(signal, lookUp());
      const become = ['setpriv', '--reuid', uid, '--regid', gid, '--init-groups', '--'];
      return await spawnOn(host, {
        argv: [...become, 'sh', '-c', enterSession, 'sh', cwd ?? '', ...argv],
        env: { HOME: home, USER: user, LOGNAME: user, SHELL: shell, ...env },
        cwd,
        signal,
      });
    },
  });
}

/** The exit code of getent(1) where the database has no such entry. */
const noSuchKey = 2;

async function readAccount(host: Host, user: string): Promise<Account> {
  const argv = ['getent', 'passwd', '--', user];
  const { exitCode, signal, stdout, stderr } = await host.run(argv, { reject: false });
  if (exitCode !== 0 && exitCode !== noSuchKey) {
    const why = stderr.trim() || (signal ?? `exit code ${exitCode}`);
    throw new CommandRefusedError(host.name, argv, `the user ${user} could not be looked up (${why})`);
  }
  const [, , uid, gid, , home, shell] = stdout.trim().split(':');
  if (exitCode !== 0 || uid === undefined || gid === undefined || home === undefined || shell === undefined) {
    throw new CommandRefusedError(host.name, argv, `there is no user ${user}`);
  }
  return { uid, gid, home, shell };
}
