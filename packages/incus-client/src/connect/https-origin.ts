import { IncusError } from '../errors.ts';

/** `https://host:port` of a server's address. @throws {IncusError} `OPTION_INVALID`: it is not one. */
export function httpsOrigin(url: string): string {
  const { origin, protocol } = parseUrl(url);
  if (protocol !== 'https:') throw new IncusError('OPTION_INVALID', `${url} is not an https:// address`);
  return origin;
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch (error) {
    throw new IncusError(
      'OPTION_INVALID',
      `${url} is not an address such as https://incus.example.org:8443`,
      { cause: error },
    );
  }
}
