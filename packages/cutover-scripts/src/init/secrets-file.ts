import { posix } from 'node:path';
import type { SeenSecret } from './old-rig-facts.ts';

/** What `secrets.yaml` is made from. */
export interface SecretsParts {
  readonly oldName: string;
  readonly user: string;
  readonly recipients: readonly string[];
  readonly secrets: readonly SeenSecret[];
}

/** What `secrets.yaml` says. */
export function secretsContent({ oldName, user, recipients, secrets }: SecretsParts): object {
  const names = new Set<string>();
  return {
    recipients,
    secrets: secrets.map(({ kind, path, mode }) => {
      const name = uniqueName(path, names);
      return {
        name,
        kind,
        source: { host: oldName, path },
        file: `secrets/${name}.${kind === 'env' ? 'env' : 'sops'}`,
        path,
        owner: user,
        mode: mode.padStart(4, '0'),
      };
    }),
  };
}

/** The file's own name, or with those of its folders, until no other secret has it. */
function uniqueName(path: string, taken: Set<string>): string {
  const parts = path.split('/').filter((part) => part !== '');
  for (let count = 1; count <= parts.length; count += 1) {
    const name = parts
      .slice(-count)
      .join('-')
      .replace(/\.(?:txt|pem)$/, '')
      .replaceAll(/[^A-Za-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .toLowerCase();
    if (name === '' || taken.has(name)) continue;
    taken.add(name);
    return name;
  }
  const name = `secret-${taken.size + 1}`;
  taken.add(name);
  return name;
}

/** A secret that was named and not found by looking: its file is told by its path alone. */
export function namedSecret(path: string): SeenSecret {
  const kinds: readonly [pattern: RegExp, kind: string][] = [
    [/\.(?:crt|cert)$/, 'certificate'],
    [/\.key$|_key$|\/id_[a-z0-9]+$|ed25519$|rsa$/, 'private-key'],
    [/env$/, 'env'],
  ];
  const kind = kinds.find(([pattern]) => pattern.test(posix.basename(path)))?.[1] ?? 'opaque';
  return { kind, path, mode: '400', recipient: '' };
}
