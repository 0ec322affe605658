import { homedir, userInfo } from 'node:os';

/** The name of this process's user; its number where it has no entry in the table of users. */
export function userName(): string {
  return orElse(() => userInfo().username, String(process.getuid?.() ?? 0));
}

/** The home of this process's user; the root where nothing names one. */
export function userHome(): string {
  return orElse(homedir, '/');
}

/** libuv throws where the uid has no entry, as often in a container. */
function orElse(look: () => string, otherwise: string): string {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
