import { dirname, resolve } from 'node:path';
import { type ManifestSecret, type Manifest, parseManifest } from '../activate/manifest.ts';
import { SecretsError } from '../errors.ts';
import { readFileBounded } from '../files/read-file.ts';
import { extractMetadata } from '../sops/metadata.ts';
import { parseEncrypted } from '../sops/formats/format.ts';
import { valueAt } from '../sops/tree-path.ts';
import type { Documents, MapNode } from '../sops/tree.ts';

/** A trap of sops-nix that a manifest walks into. */
export interface LintFinding {
  readonly secret: string;
  readonly severity: 'error' | 'warning';
  readonly trap: string;
  readonly message: string;
}

/** For whom the files must be. */
export interface LintOptions {
  /** The recipient of the host's key: each file must be for it. */
  readonly recipient?: string | undefined;
}

/**
 * Looks for the known traps of sops-nix in a manifest and its sops files. No key is needed.
 *
 * @throws {SecretsError} `CONFIG_INVALID`: not a manifest.
 */
export async function lintSopsNix(manifestPath: string, options: LintOptions = {}): Promise<LintFinding[]> {
  const manifest = parseManifest((await readFileBounded(manifestPath)).toString('utf8'), manifestPath);
  const findings = [...lintPlaces(manifest), ...(options.recipient === undefined ? [silentFailure] : [])];
  for (const secret of manifest.secrets) {
    findings.push(...(await lintSecret(secret, manifest, manifestPath, options)));
  }
  return findings;
}

const silentFailure: LintFinding = {
  secret: '*',
  severity: 'warning',
  trap: 'silent-failure',
  message:
    "a file that the host's key does not open leaves no failed unit behind, only a line in the journal (Mic92/sops-nix#217): name the host's recipient to have it checked here, and verify after the deploy",
};

function lintPlaces(manifest: Manifest): LintFinding[] {
  const findings: LintFinding[] = [];
  const key = manifest.ageKeyFile;
  const about = { secret: '*', severity: 'error' as const };
  if (key === '' && manifest.ageSshKeyPaths.length === 0) {
    findings.push({
      ...about,
      trap: 'no-key',
      message: 'the manifest names no key: every secret will be missing at boot',
    });
  }
  for (const { name, sopsFile, format } of manifest.secrets) {
    const first = manifest.secrets.find((other) => other.sopsFile === sopsFile);
    if (first === undefined || first.format === format) continue;
    findings.push({
      secret: name,
      severity: 'error',
      trap: 'formats-differ',
      message: `${sopsFile} is ${format} here and ${first.format} for ${first.name}: a file has one format`,
    });
  }
  if (key.startsWith('/nix/store/')) {
    findings.push({
      ...about,
      trap: 'key-in-store',
      message: `${key} is in the Nix store, which everyone reads`,
    });
  }
  if (/^\/(?:home|root|run|tmp|mnt)\//.test(key)) {
    findings.push({
      ...about,
      trap: 'key-absent-at-boot',
      message: `${key} may not be there yet at boot: use a path on the root file system such as /var/lib`,
    });
  }
  return findings;
}

async function lintSecret(
  secret: ManifestSecret,
  manifest: Manifest,
  manifestPath: string,
  { recipient }: LintOptions,
): Promise<LintFinding[]> {
  const { name, key, format, mode, sopsFile } = secret;
  const findings: LintFinding[] = [];
  const error = (trap: string, message: string): void =>
    void findings.push({ secret: name, severity: 'error', trap, message });
  const warning = (trap: string, message: string): void =>
    void findings.push({ secret: name, severity: 'warning', trap, message });
  const whole = format === 'dotenv' || format === 'ini' || format === 'binary';
  if (whole && key !== '' && key !== name) {
    error('key-ignored', `key ${key} is ignored for ${format}: the whole file is installed`);
  }
  if (!sopsFile.startsWith('/'))
    warning('relative-file', `${sopsFile} is relative, which sops-nix's own installer does not take`);
  const bits = Number.parseInt(mode, 8);
  if ((bits & 0o007) !== 0) error('mode-world', `mode ${mode} lets everyone read it`);
  if ((bits & 0o020) !== 0) {
    warning('mode-umask', `mode ${mode} is subject to sops-nix's umask: group write will be missing`);
  }
  const documents = await load(secret, manifestPath, error);
  if (documents === undefined) return findings;
  lintRecipients(documents, manifest, recipient, error, warning);
  if (!whole && key !== '') lintKey(documents, key, format, error, warning);
  return findings;
}

type Report = (trap: string, message: string) => void;

async function load(
  secret: ManifestSecret,
  manifestPath: string,
  error: Report,
): Promise<Documents | undefined> {
  const path = resolve(dirname(manifestPath), secret.sopsFile);
  try {
    return await parseEncrypted(secret.format, await readFileBounded(path));
  } catch (thrown) {
    if (!(thrown instanceof SecretsError)) throw thrown;
    if (thrown.code === 'FILE_UNREADABLE') error('missing-file', `${path}: ${thrown.what}`);
    else error('unreadable', `${path}: ${thrown.what}; is its format really ${secret.format}?`);
    return undefined;
  }
}

function lintRecipients(
  documents: Documents,
  manifest: Manifest,
  host: string | undefined,
  error: Report,
  warning: Report,
): void {
  try {
    const { groups } = extractMetadata(structuredClone(documents));
    const recipients = groups.flatMap(({ age }) => age.map(({ recipient }) => recipient));
    const onlySsh = recipients.length > 0 && recipients.every((recipient) => recipient.startsWith('ssh-'));
    if (onlySsh && (manifest.ageSshKeyPaths.length > 0 || manifest.ageKeyFile !== '')) {
      error(
        'ssh-recipient',
        'it is encrypted for an ssh-ed25519 key itself, but sops-nix uses the key converted to age (ssh-to-age): add that recipient (Mic92/sops-nix#824)',
      );
    }
    if (host !== undefined && !recipients.includes(host)) {
      error(
        'not-for-host',
        `it is not for ${host}: the host would be left without it, and no unit would fail (Mic92/sops-nix#217); run updatekeys`,
      );
    }
    if (groups.length > 1) warning('key-groups', 'it needs several keys together, and a host has one');
  } catch (thrown) {
    if (!(thrown instanceof SecretsError)) throw thrown;
    error('not-encrypted', thrown.what);
  }
}

function lintKey(documents: Documents, key: string, format: string, error: Report, warning: Report): void {
  const [document] = documents;
  const value = document === undefined ? undefined : valueAt(document, key.split('/'));
  if (documents.length > 1) warning('documents', 'only the first document is looked at');
  if (value === undefined) {
    const flat = document?.entries.some(
      (item) => item.type === 'entry' && item.key === key && key.includes('/'),
    );
    error(
      'key-missing',
      flat === true
        ? `${key}: / separates the parts of a path, so a key with / in it cannot be named`
        : `there is no ${key}`,
    );
  } else if (document !== undefined && throughList(document, key)) {
    error('key-missing', `${key} goes through a list, and only keys of maps can be named`);
  } else if (value.type === 'map' || value.type === 'list') {
    error('not-text', `${key} is a ${value.type}, and only text can be installed`);
  } else if (value.type !== 'str') {
    error('not-text', `${key} is a ${value.type} and must be text: quote it`);
  } else if (/,type:(?!str\])\w+\]$/.test(value.value)) {
    error('not-text', `${key} is not text inside: quote it and encrypt it again`);
  }
  if (format === 'json' && key.includes('/'))
    warning('nested-json', 'older releases of sops-nix do not find nested keys of JSON');
}

function throughList(document: MapNode, key: string): boolean {
  const parts = key.split('/');
  return parts.some((_, depth) => valueAt(document, parts.slice(0, depth))?.type === 'list');
}
