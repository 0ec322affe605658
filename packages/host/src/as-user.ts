import { CommandRefusedError, createHost, type Host } from '@cutover/host-contract';

/** A user's entry in passwd(5). */
interface Account {
  readonly uid: string;
  readonly gid: string;
  readonly home: string;
  readonly shell: string;
}

/** Drops the variables that say whose session it is, and enters the home unless there is a `cwd` (`$1` is empty). */
const enterSession = `
unset XDG_RUNTIME_DIR XDG_SESSION_ID DBUS_SESSION_BUS_ADDRESS MAIL SSH_AUTH_SOCK
[ -n "$1" ] || cd -- "$HOME" 2>/dev/null || cd /
shift
exec "$@"
`;

/**
 * The same host, seen by another user: commands run as that user with all of its groups, in its home unless `cwd` says
 * otherwise, and files belong to it. `host` must connect as root. setpriv (util-linux) makes the change by exec, so
 * signals and exit codes are the command's own. Disposing it leaves `host` open.
 */
export function asUser(host: Host, user: string): Host {
  if (!/^\w[\w.-]*$/.test(user)) throw new TypeError(`not a user's name: ${JSON.stringify(user)}`);
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
    spawn: async ({ argv, env, cwd }) => {
      const { uid, gid, home, shell } = await lookUp();
      const become = ['setpriv', '--reuid', uid, '--regid', gid, '--init-groups', '--'];
      return host.stream([...become, 'sh', '-c', enterSession, 'sh', cwd ?? '', ...argv], {
        env: { HOME: home, USER: user, LOGNAME: user, SHELL: shell, ...env },
        cwd,
      });
    },
  });
}

async function readAccount(host: Host, user: string): Promise<Account> {
  const argv = ['getent', 'passwd', user];
  const { exitCode, stdout } = await host.run(argv, { reject: false });
  const [, , uid, gid, , home, shell] = stdout.trim().split(':');
  if (exitCode !== 0 || uid === undefined || gid === undefined || home === undefined || shell === undefined) {
    throw new CommandRefusedError(host.name, argv, `there is no user ${user}`);
  }
  return { uid, gid, home, shell };
}
