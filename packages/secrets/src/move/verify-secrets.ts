import { FileNotFoundError, type Host } from '@cutover/host';
import type { AgeIdentity } from '../age/identity.ts';
import { SecretsError } from '../errors.ts';
import { type SecretSpec, type SecretsConfig, runtimePath } from './config.ts';
import {
  type Check,
  type Expected,
  type Unavailable,
  expectedContent,
  notAnswered,
  readSources,
} from './expected-content.ts';
import { type Fingerprinter, createFingerprinter } from './fingerprint.ts';
import type { SecretSources } from './sources.ts';

/** A row of the matrix: one secret on one host. */
export interface SecretVerdict {
  readonly secret: string;
  readonly host: string;
  /** The sops file opens with this host's identity alone. */
  readonly decryptable: Check;
  readonly inPlace: Check;
  readonly mode: Check;
  readonly owner: Check;
  /** Equal to the source's content, or to the repository's where the source is gone; by keyed HMAC. */
  readonly equal: Check;
  readonly path: string;
  /** HMAC of what is in place, under this report's own key. */
  readonly fingerprint?: string | undefined;
  /** What is missing and how to fix it; empty when all is well. */
  readonly fix: readonly string[];
  readonly ok: boolean;
}

/** Which secrets are looked at, on which hosts, and what they are compared with. */
export interface VerifyOptions {
  readonly config: Pick<SecretsConfig, 'secrets'>;
  /** Where the secrets came from; default: contents are compared with the repository. */
  readonly from?: SecretSources | undefined;
  /** The hosts that should have them. */
  readonly to: readonly Host[];
  /** The git working tree with the sops files. */
  readonly repository: string;
  /** The identity of the one host, or how to get each host's own (see `readBootstrapIdentities`); no other is used. */
  readonly identities: readonly AgeIdentity[] | ((host: Host) => Promise<readonly AgeIdentity[]>);
  readonly fingerprinter?: Fingerprinter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at every secret on every host: does its file open with only that host's identity, is it in place with its
 * mode and owner, is it equal. Contents are read over the transport and compared here by keyed HMAC; nothing of them
 * reaches an argument, a log or the report. A host that cannot be asked gives rows of `unknown`.
 *
 * @example
 * const config = await loadSecretsConfig('secrets.yaml');
 * const rows = await verifySecrets({
 *   config,
 *   from: oldHost,
 *   to: [newHost],
 *   repository: config.repository,
 *   identities: async (one) => await readBootstrapIdentities(one, config.bootstrapKey),
 * });
 */
export async function verifySecrets(options: VerifyOptions): Promise<SecretVerdict[]> {
  const { config, from, to, repository, fingerprinter = createFingerprinter(), signal } = options;
  const sources = await readSources(from, config.secrets, signal);
  const columns = await Promise.all(
    to.map(async (host) => {
      const identities = await identitiesFor(host, options.identities);
      return Promise.all(
        config.secrets.map(async (spec, index) => {
          const source = sources[index] ?? { state: 'not asked' };
          const expected = await expectedContent(spec, source, repository, identities);
          return verifyOne(spec, host, expected, fingerprinter, signal);
        }),
      );
    }),
  );
  return config.secrets.flatMap((_, index) => columns.flatMap((rows) => rows.slice(index, index + 1)));
}

async function identitiesFor(
  host: Host,
  identities: VerifyOptions['identities'],
): Promise<readonly AgeIdentity[] | Unavailable> {
  if (typeof identities !== 'function') return identities;
  try {
    return await identities(host);
  } catch (error) {
    if (error instanceof SecretsError) return { decryptable: 'no', why: error.message };
    return { decryptable: 'unknown', why: notAnswered(error) };
  }
}

async function verifyOne(
  spec: SecretSpec,
  host: Host,
  expected: Expected,
  fingerprinter: Fingerprinter,
  signal: AbortSignal | undefined,
): Promise<SecretVerdict> {
  const path = runtimePath(spec);
  const options = signal && { signal };
  const fix = [...expected.fix];
  const base = { secret: spec.name, host: host.name, decryptable: expected.decryptable, path };
  let content: Uint8Array;
  let facts: string[];
  try {
    content = await host.readFile(path, options);
    const { stdout } = await host.run(['stat', '-L', '-c', '%a %U %u %G %g', '--', path], options);
    facts = stdout.trim().split(' ');
  } catch (error) {
    const found: Check = error instanceof FileNotFoundError ? 'no' : 'unknown';
    const why =
      found === 'no' ? `${path} is not on ${host.name}: run secrets activate there` : notAnswered(error);
    if (!fix.includes(why)) fix.push(why);
    return { ...base, inPlace: found, mode: found, owner: found, equal: found, fix, ok: false };
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
  if (!modeFits) fix.push(`${path} on ${host.name} has mode ${mode}, not ${spec.mode}: activate again`);
  if (!ownerFits)
    fix.push(`${path} on ${host.name} belongs to ${user}:${group}, not ${spec.owner}: activate again`);
  if (equal === 'no') fix.push(`${path} on ${host.name} differs: deploy and activate the current repository`);
  return {
    ...base,
    inPlace: 'yes',
    mode: modeFits ? 'yes' : 'no',
    owner: ownerFits ? 'yes' : 'no',
    equal,
    fingerprint: fingerprinter.of(spec.name, content),
    fix,
    ok: expected.decryptable === 'yes' && modeFits && ownerFits && equal === 'yes' && fix.length === 0,
  };
}
