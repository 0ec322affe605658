import type { Host } from '@cutover/host';
import { SecretsError } from '../errors.ts';
import { readMetadata, plaintextLeavesOf } from '../sops/inspect.ts';
import { formatOf } from '../sops/formats/format.ts';
import { readObjects } from '../git/objects.ts';
import { wholeWorkTree } from '../git/repository.ts';
import { listStaged } from '../git/staged-files.ts';
import { createScanner } from '../scan/scanner.ts';
import { type SecretPattern, secretPatterns } from '../scan/patterns.ts';
import { type AllowList, allowListName, parseAllowList } from './allow-list.ts';
import { createCoverage } from './coverage.ts';
import { lineOf } from './line-of.ts';

/** Something staged that must not be committed. Never what it holds. */
export interface GuardFinding {
  readonly file: string;
  readonly problem: 'not encrypted' | 'plaintext leaf' | 'plaintext comment' | 'broken' | 'pattern';
  /** A key's path, a pattern's name, or what is wrong. */
  readonly detail: string;
  /** Where it stands, counted from 1, as far as that is known. */
  readonly line?: number | undefined;
  /** What to do about it. */
  readonly fix: string;
}

/** What was found, and what of it `.secrets-allow.yaml` lets through. */
export interface GuardReport {
  readonly findings: readonly GuardFinding[];
  readonly allowed: readonly (GuardFinding & { readonly reason: string })[];
}

/** The repository whose index is looked at. */
export interface GuardOptions {
  /** The machine with the repository: this one, in a pre-commit hook. */
  readonly host: Host;
  /** The working tree, or a folder in it. */
  readonly repository: string;
  /** Default: `secretPatterns`. */
  readonly patterns?: readonly SecretPattern[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at what is staged, not at the work tree, and needs no key: a file that a creation rule covers must be a sops
 * file with every selected leaf encrypted, a file that says it is a sops file must be one, and nothing may hold what
 * looks like a secret. The rules are the staged ones too. `sops filestatus` looks at the version and the MAC alone and
 * would let a plain leaf through. What `.secrets-allow.yaml` of the index names, with a reason, is let through.
 *
 * @throws {ConfigError} `CONFIG_INVALID`: that list cannot be read.
 *
 * @example
 * const { findings } = await guardStaged({ host: localHost(), repository: '.' });
 */
export async function guardStaged(options: GuardOptions): Promise<GuardReport> {
  const { host, patterns = secretPatterns, signal } = options;
  const repository = await wholeWorkTree(host, options.repository, { signal });
  const { files, rules } = await listStaged(repository);
  const scan = createScanner([], patterns);
  const covers = createCoverage(repository.path);
  const findings: GuardFinding[] = [];
  let allows: AllowList = () => undefined;
  const blobs = [...rules, ...files];
  let at = 0;
  // Rules come first, so that they are known when the files come.
  const ids = blobs.map(({ id }) => id);
  for await (const { content } of readObjects(repository, ids)) {
    const blob = blobs[at];
    if (at++ < rules.length && blob !== undefined) {
      const text = content.toString('utf8');
      if (blob.file === allowListName) allows = parseAllowList(text);
      else covers.add(blob.file, text);
      continue;
    }
    if (blob === undefined) continue;
    const { file, isLink } = blob;
    for (const match of scan(content)) {
      if (match.kind !== 'pattern') continue;
      findings.push({
        file,
        problem: 'pattern',
        detail: match.pattern,
        line: match.line,
        fix: fixes.pattern,
      });
    }
    if (!isLink) findings.push(...(await checkBlob(file, content, await covers.file(file))));
  }
  const judged = findings.map((finding) => ({ finding, reason: allows(finding) }));
  return {
    findings: judged.flatMap(({ finding, reason }) => (reason === undefined ? [finding] : [])),
    allowed: judged.flatMap(({ finding, reason }) => (reason === undefined ? [] : [{ ...finding, reason }])),
  };
}

const fixes = {
  pattern: `take it out and replace it at its issuer; if it is no secret, name the file with a reason in ${allowListName}`,
  'not encrypted': 'run secrets encrypt --in-place on it and stage it again',
  'plaintext leaf':
    'run secrets edit, or secrets set, on it and stage it again; replace the value if it was ever pushed',
  'plaintext comment': 'run secrets edit on it, which encrypts comments too, and stage it again',
  broken: 'restore it from the last commit, or encrypt it again',
} as const satisfies Record<GuardFinding['problem'], string>;

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
    const text = Buffer.from(bytes).toString('utf8');
    return leaves.map((key): GuardFinding => {
      const problem = key.endsWith('#') ? 'plaintext comment' : 'plaintext leaf';
      return { file, problem, detail: key, line: lineOf(text, key), fix: fixes[problem] };
    });
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    if (!covered && (error.code === 'NOT_ENCRYPTED' || error.code === 'PARSE_FAILED')) return [];
    const plain = error.code === 'NOT_ENCRYPTED' || (covered && error.code === 'PARSE_FAILED');
    const problem = plain ? 'not encrypted' : 'broken';
    return [{ file, problem, detail: error.what, line: error.line, fix: fixes[problem] }];
  }
}
