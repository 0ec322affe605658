import type { SshEndpoint } from '../config/schema.ts';

/** Where a SOCKS5 proxy listens, as `host:port`; an address of IPv6 is in brackets. */
export function socksAddress({ host, port }: NonNullable<SshEndpoint['socks5']>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
