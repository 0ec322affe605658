import { isIPv6 } from 'node:net';

/** Where to reach a host over ssh; what was not said is `undefined`. */
export interface Destination {
  readonly user: string | undefined;
  /** A name or an address, an IPv6 one without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Either the destination, or what is wrong with the text and what would be right. */
export type ParsedDestination =
  | { readonly destination: Destination; readonly problem: undefined }
  | { readonly destination: undefined; readonly problem: string };

/**
 * Reads `[user@]host[:port]`. An IPv6 address stands in brackets: `root@[fe80::1%eth0]:2222`. A user's name may contain
 * `@` and `\`, as those of a directory service do.
 */
export function parseDestination(text: string): ParsedDestination {
  const wrong = (what: string): ParsedDestination => ({
    destination: undefined,
    problem: `${JSON.stringify(text)} is not a destination: ${what}; write [user@]host[:port]`,
  });

  const at = text.lastIndexOf('@');
  const user = at === -1 ? undefined : text.slice(0, at);
  if (user === '') return wrong('the user before the @ is missing');
  if (user !== undefined && !/^[^\s\p{Control}:-][^\s\p{Control}:]*$/u.test(user)) {
    return wrong(`${JSON.stringify(user)} cannot be a user's name`);
  }

  const rest = text.slice(at + 1);
  const parts = /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:[\]]*))(?::(?<port>.*))?$/s.exec(rest)?.groups;
  if (parts === undefined) return wrong('brackets belong around an IPv6 address, and only there');
  const { address, name, port: digits } = parts;
  if (address !== undefined && !isIPv6(address))
    return wrong(`${JSON.stringify(address)} is not an IPv6 address`);
  if (digits?.includes(':') === true) return wrong('an IPv6 address has to stand in brackets, e.g. [::1]');
  const host = address ?? name ?? '';
  if (host === '') return wrong('the host is missing');
  if (name !== undefined && !/^[\p{Letter}\p{Number}_][\p{Letter}\p{Number}_.-]*$/u.test(name)) {
    return wrong(`${JSON.stringify(name)} cannot be a host's name`);
  }
  const port = digits === undefined ? undefined : Number(digits);
  if (digits !== undefined && !(/^\d+$/.test(digits) && Number(digits) > 0 && Number(digits) < 65_536)) {
    return wrong(`${JSON.stringify(digits)} is not a port, a number from 1 to 65535`);
  }
  return { destination: { user, host, port }, problem: undefined };
}

/** What users write to reach a host. */
export function nameOf({
  user,
  host,
}: {
  readonly user?: string | undefined;
  readonly host: string;
}): string {
  return user === undefined ? host : `${user}@${host}`;
}
