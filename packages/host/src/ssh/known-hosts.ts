import { createHmac, timingSafeEqual } from 'node:crypto';

/** A line of a known_hosts file that is about the host looked up (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly marker: '@cert-authority' | '@revoked' | undefined;
  /** E.g. `ssh-ed25519`. */
  readonly type: string;
  readonly key: Buffer;
  /** 1-based. */
  readonly line: number;
}

/** The name a host bears in known_hosts. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** All lines of a known_hosts file about `name`. Lines that are not understood are passed over, as OpenSSH does. */
export function findKnownHosts(text: string, name: string): KnownHost[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [hosts, type, key] = words;
    if (hosts === undefined || type === undefined || key === undefined || hosts.startsWith('#')) return [];
    if (marker !== undefined && marker !== '@cert-authority' && marker !== '@revoked') return [];
    if (!matchesHosts(hosts, name)) return [];
    return [{ marker, type, key: Buffer.from(key, 'base64'), line: index + 1 }];
  });
}

function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  const patterns = hosts.toLowerCase().split(',');
  const matches = (pattern: string): boolean => toRegExp(pattern).test(name);
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern));
}

/** `|1|salt|HMAC-SHA1(salt, name)`. */
function matchesHash(hashed: string, name: string): boolean {
  const [, version, salt = '', expected = ''] = hashed.split('|');
  if (version !== '1') return false;
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  const wanted = Buffer.from(expected, 'base64');
  return actual.length === wanted.length && timingSafeEqual(actual, wanted);
}

function toRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/[^\w]/g, (character) => {
    if (character === '*') return '.*';
    return character === '?' ? '.' : `\\${character}`;
  });
  return new RegExp(`^${source}$`);
}
