import type { Host } from '@cutover/host';
import { SecretsError } from '../errors.ts';
import { readMetadata, plaintextLeavesOf } from '../sops/inspect.ts';
import { formatOf } from '../sops/formats/format.ts';
import { readObjects } from '../git/objects.ts';
import { wholeWorkTree } from '../git/repository.ts';
import { listStaged } from '../git/staged-files.ts';
import { createScanner } from '../scan/scanner.ts';
import { type SecretPattern, secretPatterns } from '../scan/patterns.ts';
import { createCoverage } from './coverage.ts';

/** Something staged that must not be committed. Never what it holds. */
export interface GuardFinding {
  readonly file: string;
  readonly problem: 'not encrypted' | 'plaintext leaf' | 'broken' | 'pattern';
  /** A key's path, a pattern's name, or what is wrong. */
  readonly detail: string;
}

export interface GuardOptions {
  /** The machine with the repository: this one, in a pre-commit hook. */
  readonly host: Host;
  /** The working tree, or a folder in it. */
  readonly repository: string;
  readonly patterns?: readonly SecretPattern[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at what is staged, not at the work tree, and needs no key: a file that a creation rule covers must be a sops
 * file with every selected leaf encrypted, a file that says it is a sops file must be one, and nothing may hold what
 * looks like a secret. The rules are the staged ones too. `sops filestatus` looks at the version and the MAC alone and
 * would let a plain leaf through.
 */
export async function guardStaged(options: GuardOptions): Promise<GuardFinding[]> {
  const { host, patterns = secretPatterns, signal } = options;
  const repository = await wholeWorkTree(host, options.repository, { signal });
  const { files, rules } = await listStaged(repository);
  const scan = createScanner([], patterns);
  const covers = createCoverage(repository.path);
  const findings: GuardFinding[] = [];
  const blobs = [...rules, ...files];
  let at = 0;
  // Rules come first, so that they are known when the files come.
  const ids = blobs.map(({ id }) => id);
  for await (const { content } of readObjects(repository, ids)) {
    const blob = blobs[at];
    if (at++ < rules.length && blob !== undefined) {
      covers.add(blob.file, content.toString('utf8'));
      continue;
    }
    if (blob === undefined) continue;
    const { file, isLink } = blob;
    for (const match of scan(content)) {
      if (match.kind === 'pattern') findings.push({ file, problem: 'pattern', detail: match.pattern });
    }
    if (!isLink) findings.push(...(await checkBlob(file, content, await covers.file(file))));
  }
  return findings;
}

/** Checks one staged file's bytes. `covered`: a creation rule says it is to be encrypted. */
export async function checkBlob(file: string, bytes: Uint8Array, covered: boolean): Promise<GuardFinding[]> {
  const format = formatOf(file);
  const looksLikeSops = /["']?sops["']?\s*:|^\[sops\]|^sops_version=/m.test(
    Buffer.from(bytes).toString('latin1'),
  );
  if (!covered && !looksLikeSops) return [];
  try {
    await readMetadata(bytes, { file, format });
    const leaves = await plaintextLeavesOf(bytes, { file, format });
    return leaves.map((key) => ({ file, problem: 'plaintext leaf', detail: key }));
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    if (!covered && (error.code === 'NOT_ENCRYPTED' || error.code === 'PARSE_FAILED')) return [];
    const plain = error.code === 'NOT_ENCRYPTED' || (covered && error.code === 'PARSE_FAILED');
    return [{ file, problem: plain ? 'not encrypted' : 'broken', detail: error.what }];
  }
}
