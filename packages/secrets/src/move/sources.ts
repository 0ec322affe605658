import type { Host } from '@cutover/host';
import { SecretsError } from '../errors.ts';
import type { SecretSpec } from './config.ts';

/** Where secrets are collected from: one host when all come from it, or a host for each `source.host` of the config. */
export type SecretSources = Host | ReadonlyMap<string, Host>;

/**
 * Finds the host of each secret.
 *
 * @throws {SecretsError} `CONFIG_INVALID`: one host is given for secrets that come from several, or one has no host.
 */
export function sourcesOf(
  from: SecretSources,
  specs: readonly Pick<SecretSpec, 'name' | 'source'>[],
): (spec: Pick<SecretSpec, 'name' | 'source'>) => Host {
  const names = [...new Set(specs.map(({ source }) => source.host))];
  const hosts = isMap(from) ? from : new Map(names.map((name) => [name, from]));
  const missing = names.filter((name) => !hosts.has(name));
  if (!isMap(from) && names.length > 1) {
    throw new SecretsError(
      'CONFIG_INVALID',
      `the secrets come from several hosts, ${names.join(', ')}, and one is given: give one for each`,
    );
  }
  if (missing.length > 0) {
    throw new SecretsError(
      'CONFIG_INVALID',
      `secrets come from ${missing.join(', ')}, for which no host is given`,
    );
  }
  return ({ name, source }) => {
    const host = hosts.get(source.host);
    if (host === undefined)
      throw new SecretsError(
        'CONFIG_INVALID',
        `${name} comes from ${source.host}, for which no host is given`,
      );
    return host;
  };
}

function isMap(from: SecretSources): from is ReadonlyMap<string, Host> {
  return from instanceof Map;
}
