import { type GitSetting, gitSettingsEnvironment, goesTo } from './git-settings.ts';
import { quoteForSh } from './quote-for-sh.ts';
import type { TextSource } from '../world/text-source.ts';

/** How git goes to a forge over https. */
export interface HttpsGitOptions {
  /** The forge's address, e.g. `https://git.example.org`. */
  readonly url: string;
  /** What else begins like this goes there too, e.g. `ssh://git@git.example.org:2222/`. */
  readonly insteadOf?: string | undefined;
  /** URLs that go there whatever this machine's git rewrites. */
  readonly urls?: readonly string[] | undefined;
  readonly token?: TextSource | undefined;
  /** The user that goes with the token. */
  readonly user: string;
  /** File of what its certificate is verified by. Default: what this machine trusts. */
  readonly certificate?: string | undefined;
  /** `HOST:PORT` of a SOCKS5 proxy. */
  readonly socks5?: string | undefined;
}

/**
 * The environment in which git reaches the forge over https. The token is in none of it: git asks for it by a command that
 * reads it from where it is.
 */
export function httpsGitEnvironment(options: HttpsGitOptions): Record<string, string> {
  const { url, insteadOf, urls = [], token, user, certificate, socks5 } = options;
  const base = url.replace(/\/$/, '');
  const settings: GitSetting[] = [
    // A server that says nothing for a minute is given up.
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', '60'],
    [`http.${base}/.sslVerify`, 'true'],
  ];
  if (insteadOf !== undefined) settings.push([`url.${base}/.insteadOf`, insteadOf]);
  for (const one of urls) {
    const isElsewhere = insteadOf === undefined || !one.startsWith(insteadOf);
    settings.push(...goesTo(one, isElsewhere ? one : `${base}/${one.slice(insteadOf.length)}`));
  }
  if (token !== undefined) {
    // The empty one first: no other helper of this machine answers for the forge, nor keeps the token.
    settings.push([`credential.${base}.helper`, ''], [`credential.${base}.helper`, helper(user, token)]);
  }
  // The proxy resolves the name: what is in a tailnet is known there only.
  if (socks5 !== undefined) settings.push([`http.${base}/.proxy`, `socks5h://${socks5}`]);
  return {
    GIT_TERMINAL_PROMPT: '0',
    // With what a machine has there, git would go to some hosts directly.
    ...(socks5 === undefined ? {} : { NO_PROXY: '', no_proxy: '' }),
    // Not http.sslCAInfo for this address alone: this variable, where a machine has set it for all programs, is above it.
    ...(certificate === undefined ? {} : { GIT_SSL_CAINFO: certificate }),
    ...gitSettingsEnvironment(settings),
  };
}

/** git runs it by a shell, as `HELPER get`. What is around the token, such as the ends of lines, is dropped as `readToken` does. */
function helper(user: string, token: TextSource): string {
  const read = typeof token === 'string' ? ['cat', '--', token] : token.command;
  return `!f() { test "$1" = get || exit 0; printf 'username=%s\\npassword=%s\\n' ${quoteForSh(user)} "$(${read.map(quoteForSh).join(' ')} | tr -d '[:space:]')"; }; f`;
}
