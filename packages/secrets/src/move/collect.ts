import { FileNotFoundError } from '@cutover/host';
import { inspect } from 'node:util';
import { SecretsError } from '../errors.ts';
import type { SecretSpec } from './config.ts';
import { type SecretSources, sourcesOf } from './sources.ts';

/** A secret and its content, which no print, log or JSON of it shows. */
export interface CollectedSecret {
  readonly spec: SecretSpec;
  /** The content. */
  reveal(): Uint8Array;
  /** Prints and JSON show this instead. */
  toJSON(): string;
  /** As `toJSON`. */
  [inspect.custom](): string;
}

/** Wraps a content so that it is only ever seen on purpose. */
export function collected(spec: SecretSpec, content: Uint8Array): CollectedSecret {
  const redacted = `[secret ${spec.name}]`;
  return {
    spec,
    reveal: () => content,
    [inspect.custom]: () => redacted,
    toJSON: () => redacted,
  };
}

/**
 * Reads secrets from their source hosts. Nothing is changed there, and the content travels over the transport only.
 *
 * @throws {SecretsError} `SOURCE_MISSING` naming every secret that is not there; a host that cannot be reached is the
 * host's own error, never taken for a missing file. `CONFIG_INVALID` when a secret's `source.host` has no host.
 */
export async function collect(
  from: SecretSources,
  specs: readonly SecretSpec[],
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<CollectedSecret[]> {
  const hostOf = sourcesOf(from, specs);
  const missing: string[] = [];
  const found = await Promise.all(
    specs.map(async (spec) => {
      try {
        return collected(spec, await hostOf(spec).readFile(spec.source.path, signal && { signal }));
      } catch (error) {
        if (!(error instanceof FileNotFoundError)) throw error;
        missing.push(`${spec.name} (${spec.source.path} on ${error.host})`);
        return undefined;
      }
    }),
  );
  if (missing.length > 0) {
    throw new SecretsError(
      'SOURCE_MISSING',
      `not there: ${missing.join(', ')}; correct source.path in the config`,
    );
  }
  return found.filter((secret) => secret !== undefined);
}
