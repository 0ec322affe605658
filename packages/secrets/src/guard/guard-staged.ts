import type { Host } from '@cutover/host';
import { SecretsError } from '../errors.ts';
import { creationRuleFor } from '../sops/creation-rules.ts';
import { readMetadata, plaintextLeavesOf } from '../sops/inspect.ts';
import { formatOf } from '../sops/formats/format.ts';
import { createScanner } from '../scan/scanner.ts';
import { type SecretPattern, secretPatterns } from '../scan/patterns.ts';
import { join } from 'node:path';

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
  readonly repository: string;
  readonly patterns?: readonly SecretPattern[];
  readonly signal?: AbortSignal;
}

/**
 * Looks at what is staged, not at the work tree, and needs no key: a file that a creation rule covers must be a sops
 * file with every selected leaf encrypted, a file that says it is a sops file must be one, and nothing may hold what
 * looks like a secret. `sops filestatus` looks at the version and the MAC alone and would let a plain leaf through.
 */
export async function guardStaged(options: GuardOptions): Promise<GuardFinding[]> {
  const { host, repository, patterns = secretPatterns, signal } = options;
  const run = { cwd: repository, ...(signal && { signal }) };
  const listed = await host.run(listStaged, run);
  const scan = createScanner([], patterns);
  const findings: GuardFinding[] = [];
  for (const file of listed.stdout.split('\0').filter((name) => name !== '')) {
    const { stdoutBytes } = await host.run(['git', 'cat-file', 'blob', `:${file}`], run);
    for (const match of scan(stdoutBytes)) {
      if (match.kind === 'pattern') findings.push({ file, problem: 'pattern', detail: match.pattern });
    }
    findings.push(...(await checkBlob(file, stdoutBytes, await isCovered(join(repository, file)))));
  }
  return findings;
}

/** A submodule is a commit elsewhere, with no content here. */
const listStaged = [
  'git',
  'diff',
  '--cached',
  '--name-only',
  '--diff-filter=ACMRT',
  '--ignore-submodules=all',
  '-z',
] as const;

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

async function isCovered(path: string): Promise<boolean> {
  if (/(?:^|\/)\.sops\.ya?ml$/.test(path) || /(?:^|\/)manifest\.json$/.test(path)) return false;
  try {
    await creationRuleFor(path);
    return true;
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    // Covered by a rule for keys of another kind, or by a pattern we cannot read: then it is not ours to let through.
    return error.code === 'UNSUPPORTED' || !/no (?:\.sops\.yaml|creation rule)/.test(error.what);
  }
}
