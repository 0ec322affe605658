import { CommandAbortedError, FileNotFoundError, HostError } from '@cutover/host';
import { isErrno } from '@cutover/foundation/errno';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import { contentAt } from '../sops/content.ts';
import { decryptFile } from '../sops/file.ts';
import { type SecretSpec, formatOfSecret } from './config.ts';
import { createFingerprinter } from './fingerprint.ts';
import { type SecretSources, sourcesOf } from './sources.ts';

/** One check of one secret: `unknown` when the world could not be asked, which is neither yes nor no. */
export type Check = 'yes' | 'no' | 'unknown';

/** What a secret is to be, by its source or by the repository. */
export interface Expected {
  readonly decryptable: Check;
  readonly content: Uint8Array | undefined;
  readonly fix: readonly string[];
}

/** A secret at its source: `gone` where it has been removed, `unknown` where the host could not say. */
export type AtSource =
  | { readonly state: 'not asked' | 'gone' }
  | { readonly state: 'unknown'; readonly why: string }
  | { readonly state: 'there'; readonly content: Uint8Array; readonly host: string };

/** Looks at the sources once, for all hosts to be compared with. */
export async function readSources(
  from: SecretSources | undefined,
  specs: readonly SecretSpec[],
  signal: AbortSignal | undefined,
): Promise<AtSource[]> {
  if (from === undefined) return specs.map(() => ({ state: 'not asked' }));
  const hostOf = sourcesOf(from, specs);
  return Promise.all(
    specs.map(async (spec): Promise<AtSource> => {
      const host = hostOf(spec);
      try {
        return {
          state: 'there',
          content: await host.readFile(spec.source.path, signal && { signal }),
          host: host.name,
        };
      } catch (error) {
        if (error instanceof FileNotFoundError) return { state: 'gone' };
        return { state: 'unknown', why: notAnswered(error) };
      }
    }),
  );
}

/**
 * What a secret is to be on a host: opened with that host's identities and no other, and held against its source.
 *
 * @param identities - or why the host's could not be had.
 */
export async function expectedContent(
  spec: SecretSpec,
  source: AtSource,
  repository: string,
  identities: readonly AgeIdentity[] | Unavailable,
): Promise<Expected> {
  const opened = isUnavailable(identities)
    ? { decryptable: identities.decryptable, content: undefined, fix: [identities.why] }
    : await openInRepository(spec, repository, identities);
  switch (source.state) {
    case 'unknown':
      return { ...opened, content: undefined, fix: [...opened.fix, source.why] };
    case 'there':
      return {
        ...opened,
        content: source.content,
        fix: [
          ...opened.fix,
          ...(opened.content === undefined ||
          createFingerprinter().equal(spec.name, source.content, opened.content)
            ? []
            : [`the source on ${source.host} differs from the repository: run move again`]),
        ],
      };
    default:
      return opened;
  }
}

/** Why the identities of a host could not be had, and what that says of its files. */
export interface Unavailable {
  readonly decryptable: 'no' | 'unknown';
  readonly why: string;
}

function isUnavailable(found: readonly AgeIdentity[] | Unavailable): found is Unavailable {
  return 'why' in found;
}

/** The message for a report of a host's error that is no evidence; what was aborted or is not a host's error is thrown. */
export function notAnswered(error: unknown): string {
  if (error instanceof CommandAbortedError || !(error instanceof HostError)) throw error;
  return `${error.message}: verify again when that is fixed`;
}

async function openInRepository(
  spec: SecretSpec,
  repository: string,
  identities: readonly AgeIdentity[],
): Promise<Expected> {
  const no = (fix: string): Expected => ({ decryptable: 'no', content: undefined, fix: [fix] });
  try {
    const bytes = await readFile(join(repository, spec.file));
    const opened = await decryptFile(bytes, { file: spec.file, format: formatOfSecret(spec), identities });
    const content = contentAt(opened, spec.key);
    if (content === undefined) return no(`${spec.file} has no ${spec.key}: run move again`);
    return { decryptable: 'yes', content, fix: [] };
  } catch (error) {
    if (error instanceof SecretsError) return no(error.message);
    if (isErrno(error, 'ENOENT')) return no(`${spec.file} is not in the repository: run move`);
    throw error;
  }
}
