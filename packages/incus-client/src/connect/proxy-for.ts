import { BlockList, isIP } from 'node:net';
import { IncusError } from '../errors.ts';
import { variable } from './remote-config.ts';

/**
 * The proxy by which a server is reached: the one that is given, or as `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in
 * upper or lower case. This machine is never reached through one that the environment names.
 */
export function proxyFor(
  origin: string,
  given: string | false | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): URL | undefined {
  if (given === false) return undefined;
  if (given !== undefined) return parseProxy(given);
  const first = (...names: readonly string[]) =>
    names.flatMap((name) => variable(env, name) ?? variable(env, name.toLowerCase()) ?? [])[0];
  const named = first('HTTPS_PROXY', 'ALL_PROXY');
  const { hostname, port } = new URL(origin);
  const host = hostname.replaceAll(/[[\]]/g, '');
  if (named === undefined || isLoopback(host)) return undefined;
  const exempt = (first('NO_PROXY') ?? '').split(/[,\s]+/).filter((rule) => rule !== '');
  return exempt.some((rule) => covers(rule, host, port === '' ? '443' : port))
    ? undefined
    : parseProxy(named);
}

function parseProxy(text: string): URL {
  const withScheme = text.includes('://') ? text : `http://${text}`;
  const protocols = ['http:', 'https:', 'socks5:', 'socks5h:'];
  try {
    const url = new URL(withScheme);
    if (protocols.includes(url.protocol)) return url;
  } catch (error) {
    // A password may be in it, so the text is not shown.
    throw new IncusError(
      'OPTION_INVALID',
      'the proxy is not an address such as http://proxy.example.org:3128',
      {
        cause: error instanceof TypeError ? undefined : error,
      },
    );
  }
  throw new IncusError('OPTION_INVALID', 'the proxy should begin with http://, https:// or socks5://');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** A rule of `NO_PROXY`: `*`, a domain with all below it, an address, or a range of addresses; each may have a port. */
function covers(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  const [, bare = rule, only] = /^(.*[^:]):(\d+)$/.exec(rule) ?? [];
  if (only !== undefined && isIP(rule) === 0 && only !== port) return false;
  const name = (isIP(rule) === 0 ? bare : rule).replaceAll(/[[\]]/g, '').toLowerCase();
  const [address = '', bits] = name.split('/');
  const family = isIP(host);
  if (bits !== undefined) {
    const size = Number(bits);
    if (family === 0 || isIP(address) !== family) return false;
    // A rule that says nothing exempts nothing.
    if (!/^\d+$/.test(bits) || size > (family === 6 ? 128 : 32)) return false;
    const range = new BlockList();
    const kind = family === 6 ? 'ipv6' : 'ipv4';
    range.addSubnet(address, size, kind);
    return range.check(host, kind);
  }
  const domain = name.replace(/^\*?\.?/, '');
  return host === name || (family === 0 && (host === domain || host.endsWith(`.${domain}`)));
}
