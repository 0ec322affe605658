import { FileNotFoundError, type Host } from '@cutover/host';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgeIdentity } from '../age/identities.ts';
import { SecretsError } from '../errors.ts';
import { decryptFile } from '../sops/file.ts';
import { type SecretSpec, type SecretsConfig, formatOfSecret, runtimePath } from './config.ts';
import { contentAt } from '../sops/content.ts';
import { type Fingerprinter, createFingerprinter } from './fingerprint.ts';

/** One check of one secret: `unknown` when the world could not be asked, which is neither yes nor no. */
export type Check = 'yes' | 'no' | 'unknown';

/** A row of the matrix: one secret on one host. */
export interface SecretVerdict {
  readonly secret: string;
  readonly host: string;
  /** The sops file opens with the target's identity alone. */
  readonly decryptable: Check;
  readonly inPlace: Check;
  readonly mode: Check;
  readonly owner: Check;
  /** Equal to the source's content, or to the repository's where the source is gone; by keyed HMAC. */
  readonly equal: Check;
  readonly path: string;
  /** HMAC of what is in place, under this report's own key. */
  readonly fingerprint?: string;
  /** What is missing and how to mend it; empty when all is well. */
  readonly mend: readonly string[];
  readonly ok: boolean;
}

export interface VerifyOptions {
  readonly config: Pick<SecretsConfig, 'secrets'>;
  /** Where the secrets came from; without it contents are compared with the repository. */
  readonly from?: Host;
  /** The hosts that should have them. */
  readonly to: readonly Host[];
  /** The git working tree with the sops files. */
  readonly repository: string;
  /** The target's identity and no other. */
  readonly identities: readonly AgeIdentity[];
  readonly fingerprinter?: Fingerprinter;
  readonly signal?: AbortSignal;
}

/**
 * Looks at every secret on every host: does its file open with only the target's identity, is it in place with its
 * mode and owner, is it equal. Contents are read over the transport and compared here by keyed HMAC; nothing of them
 * reaches an argument, a log or the report.
 */
export async function verifySecrets(options: VerifyOptions): Promise<SecretVerdict[]> {
  const { config, to, fingerprinter = createFingerprinter() } = options;
  const rows = await Promise.all(
    config.secrets.map(async (spec) => {
      const expected = await expectedContent(spec, options);
      return Promise.all(to.map((host) => verifyOne(spec, host, expected, fingerprinter, options)));
    }),
  );
  return rows.flat();
}

interface Expected {
  readonly decryptable: Check;
  readonly content: Uint8Array | undefined;
  readonly mend: readonly string[];
}

async function expectedContent(spec: SecretSpec, options: VerifyOptions): Promise<Expected> {
  const { from, repository, identities, signal } = options;
  const mend: string[] = [];
  let inRepository: Uint8Array | undefined;
  let decryptable: Check = 'no';
  try {
    const bytes = await readFile(join(repository, spec.file));
    const opened = await decryptFile(bytes, { file: spec.file, format: formatOfSecret(spec), identities });
    inRepository = contentAt(opened, spec.key);
    decryptable = inRepository === undefined ? 'no' : 'yes';
    if (inRepository === undefined) mend.push(`${spec.file} has no ${spec.key}: run move again`);
  } catch (error) {
    if (error instanceof SecretsError) mend.push(error.message);
    else if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      mend.push(`${spec.file} is not in the repository: run move`);
    } else throw error;
  }
  if (from === undefined) return { decryptable, content: inRepository, mend };
  try {
    const content = await from.readFile(spec.source.path, signal === undefined ? {} : { signal });
    if (inRepository !== undefined && !createFingerprinter().equal(spec.name, content, inRepository)) {
      mend.push(`the source on ${from.name} differs from the repository: run move again`);
    }
    return { decryptable, content, mend };
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error;
    return { decryptable, content: inRepository, mend };
  }
}

async function verifyOne(
  spec: SecretSpec,
  host: Host,
  expected: Expected,
  fingerprinter: Fingerprinter,
  { signal }: VerifyOptions,
): Promise<SecretVerdict> {
  const path = runtimePath(spec);
  const options = signal === undefined ? {} : { signal };
  const mend = [...expected.mend];
  const base = { secret: spec.name, host: host.name, decryptable: expected.decryptable, path };
  let content: Uint8Array;
  let facts: string[];
  try {
    content = await host.readFile(path, options);
    const { stdout } = await host.run(['stat', '-L', '-c', '%a %U %u %G %g', '--', path], options);
    facts = stdout.trim().split(' ');
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error;
    mend.push(`${path} is not on ${host.name}: run secrets activate there`);
    return { ...base, inPlace: 'no', mode: 'no', owner: 'no', equal: 'no', mend, ok: false };
  }
  const [mode = '', user = '', uid = '', group = '', gid = ''] = facts;
  const modeFits = Number.parseInt(mode, 8) === Number.parseInt(spec.mode, 8);
  const ownerFits =
    (user === spec.owner || uid === spec.owner) &&
    (spec.group === undefined || group === spec.group || gid === spec.group);
  const equal: Check =
    expected.content === undefined
      ? 'unknown'
      : fingerprinter.equal(spec.name, content, expected.content)
        ? 'yes'
        : 'no';
  if (!modeFits) mend.push(`${path} on ${host.name} has mode ${mode}, not ${spec.mode}: activate again`);
  if (!ownerFits)
    mend.push(`${path} on ${host.name} belongs to ${user}:${group}, not ${spec.owner}: activate again`);
  if (equal === 'no')
    mend.push(`${path} on ${host.name} differs: deploy and activate the current repository`);
  return {
    ...base,
    inPlace: 'yes',
    mode: modeFits ? 'yes' : 'no',
    owner: ownerFits ? 'yes' : 'no',
    equal,
    fingerprint: fingerprinter.of(spec.name, content),
    mend,
    ok: expected.decryptable === 'yes' && modeFits && ownerFits && equal === 'yes' && mend.length === 0,
  };
}
