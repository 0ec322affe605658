import type { Host } from '@cutover/host';
import type { AgeIdentity } from '../age/identity.ts';
import { type BootstrapKeyReport, placeBootstrapKey, readBootstrapIdentities } from './bootstrap-key.ts';
import { collect } from './collect.ts';
import { type CommitReport, commitSecrets } from '../git/commit.ts';
import type { SecretsConfig } from './config.ts';
import { type SecretSources, sourcesOf } from './sources.ts';
import { type EncryptReport, encryptIntoRepo } from './encrypt-into-repo.ts';
import { type Proof, requireDecryptable } from './prove-decryptable.ts';
import { knownValues } from '../scan/needles.ts';
import { type ScanReport, requireNoLeak, scanGit } from '../scan/scan-git.ts';

/** Which secrets move, from where, to whom, and through which repository. */
export interface MoveOptions {
  readonly config: SecretsConfig;
  readonly from: SecretSources;
  readonly to: Host;
  /** The machine with the git working tree: this one. */
  readonly local: Host;
  /** The git working tree; Default: `config.repository`. */
  readonly repository?: string | undefined;
  /** The identity to place on the target; default: the one that is there, or a new one. */
  readonly identity?: string | undefined;
  /** More identities that open files which are there already. */
  readonly identities?: readonly AgeIdentity[] | undefined;
  /** The message of the commit; `false` leaves the files uncommitted. */
  readonly commit?: string | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What each part of a move has done, by the names of the secrets and never with their contents. */
export interface MoveReport {
  readonly secrets: readonly string[];
  readonly bootstrapKey: BootstrapKeyReport;
  readonly encrypted: EncryptReport;
  readonly commit: CommitReport | undefined;
  readonly proofs: readonly Proof[];
  readonly scan: ScanReport;
}

/**
 * Moves secrets from a host into a git repository, encrypted for the target: places the one bootstrap key, collects,
 * encrypts, proves that the target's identity alone opens every file, commits, and scans the repository for what it
 * has just handled. Each part changes nothing when its work is done, so a killed move is run again. The source is
 * only read.
 *
 * @throws {SecretsError} `LEAK_FOUND` when the repository holds one of the secrets in plain text; and those of each part.
 *
 * @example
 * const config = await loadSecretsConfig('secrets.yaml');
 * await move({ config, from: oldHost, to: newHost, local: localHost() });
 */
export async function move(options: MoveOptions): Promise<MoveReport> {
  const {
    config,
    from,
    to,
    local,
    identity,
    identities = [],
    commit = 'Update the secrets',
    signal,
  } = options;
  const repository = options.repository ?? config.repository;
  sourcesOf(from, config.secrets);
  const bootstrapKey = await placeBootstrapKey(to, {
    path: config.bootstrapKey,
    identity,
    signal,
  });
  const target = await readBootstrapIdentities(to, config.bootstrapKey, { signal });
  const secrets = await collect(from, config.secrets, { signal });
  const recipients = [...new Set([bootstrapKey.recipient, ...config.recipients])];
  const encrypted = await encryptIntoRepo(repository, secrets, {
    recipients,
    identities: [...target, ...identities],
  });
  const proofs = await requireDecryptable(repository, config.secrets, target);
  const files = encrypted.files.map(({ file }) => file);
  const committed =
    commit === false ? undefined : await commitSecrets(local, repository, files, { message: commit, signal });
  const scan = await scanGit({ host: local, path: repository, knownValues: knownValues(secrets), signal });
  requireNoLeak(scan);
  return {
    secrets: secrets.map(({ spec }) => spec.name),
    bootstrapKey,
    encrypted,
    commit: committed,
    proofs,
    scan,
  };
}
