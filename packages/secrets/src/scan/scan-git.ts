import { FileNotFoundError, FileRefusedError, type Host, OutputLimitError } from '@cutover/host';
import { SecretsError } from '../errors.ts';
import { readObjects } from '../git/objects.ts';
import { type GitRepository, gitRepository } from '../git/repository.ts';
import { type KnownValue, needlesOf } from './needles.ts';
import { type SecretPattern, secretPatterns } from './patterns.ts';
import { type Match, createScanner } from './scanner.ts';

/** The repository that is looked through, and for what. */
export interface ScanGitOptions {
  /** The machine that has the repository. */
  readonly host: Host;
  /** A working tree or a bare repository. */
  readonly path: string;
  readonly knownValues?: readonly KnownValue[] | undefined;
  /** Default: `secretPatterns`. */
  readonly patterns?: readonly SecretPattern[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where something was found: an object's hash, or a file's path. Never what was found. */
export type Finding = Match & {
  readonly where: 'object' | 'file';
  /** Of an object: `blob`, `commit`, `tag` or `tree`. */
  readonly type?: string | undefined;
  readonly id: string;
};

/** How much was looked through, and where something was found; never what. */
export interface ScanReport {
  readonly host: string;
  readonly path: string;
  /** Objects of every kind, reachable or not: commits hold messages and stashes, trees hold file names. */
  readonly objects: number;
  readonly bytes: number;
  /** Reflogs, and files of the working tree that are not as they are in the index. */
  readonly files: number;
  readonly findings: readonly Finding[];
}

/**
 * Looks through a whole repository: every object, reachable and unreachable, packed and loose (so messages, tags,
 * notes and stashes too), the reflogs, and the changed and new files of the working tree. Known values never leave this process: the
 * objects come here.
 *
 * @throws {SecretsError} `SCAN_FAILED`: git could not read the repository to its end, or a file of the working tree cannot be
 * read, so nothing is proved.
 *
 * @example
 * const { findings, objects } = await scanGit({ host: localHost(), path: '/srv/repo' });
 */
export async function scanGit(options: ScanGitOptions): Promise<ScanReport> {
  const { host, path, knownValues: values = [], patterns = secretPatterns } = options;
  const scan = createScanner(needlesOf(values), patterns);
  const findings: Finding[] = [];
  let objects = 0;
  let bytes = 0;
  const git = gitRepository(host, path, { signal: options.signal, anyOwner: true });
  for await (const object of readObjects(git, 'all')) {
    objects++;
    bytes += object.content.length;
    for (const match of scan(object.content)) {
      findings.push({ where: 'object', type: object.type, id: object.id, ...match });
    }
  }
  let files = 0;
  for await (const file of looseFiles(git)) {
    files++;
    for (const match of scan(file.content)) findings.push({ where: 'file', id: file.name, ...match });
  }
  return { host: host.name, path, objects, bytes, files, findings };
}

/**
 * Throws when a scan found a known value; a pattern alone may be an example.
 *
 * @throws {SecretsError} `LEAK_FOUND` naming secrets and objects.
 */
export function requireNoLeak(report: ScanReport): void {
  const leaks = report.findings.filter((finding) => finding.kind === 'known value');
  if (leaks.length === 0) return;
  const places = leaks.map(
    (leak) => `${leak.secret} (${leak.encoding}) in ${leak.type ?? leak.where} ${leak.id}`,
  );
  throw new SecretsError(
    'LEAK_FOUND',
    `${report.path} holds secrets in plain text: ${places.join('; ')}; replace them at their issuers, then rewrite the history`,
    { host: report.host },
  );
}

/** The reflogs, and the files of the working tree that no object holds: changed ones, and new ones not ignored. */
async function* looseFiles(git: GitRepository): AsyncGenerator<{ name: string; content: Uint8Array }> {
  const { host, path, signal } = git;
  const options = signal === undefined ? {} : { signal };
  const { stdout } = await git.run([
    'rev-parse',
    '--is-bare-repository',
    '--path-format=absolute',
    '--git-common-dir',
  ]);
  const [bare = '', directory = path] = stdout.trimEnd().split('\n');
  const logs = await host.run(['find', directory, '-path', '*/logs/*', '-type', 'f', '-print0'], options);
  const names = logs.stdout.split('\0').filter((name) => name !== '');
  if (bare === 'false') {
    const listed = await git.list(['ls-files', '-z', '-m', '-o', '--exclude-standard']);
    names.push(...listed.map((name) => `${path}/${name}`));
  }
  for (const name of new Set(names)) {
    const content = await readIfThere(host, name, options);
    if (content !== undefined) yield { name, content };
  }
}

async function readIfThere(
  host: Host,
  name: string,
  options: { signal?: AbortSignal },
): Promise<Uint8Array | undefined> {
  try {
    return await host.readFile(name, options);
  } catch (error) {
    // Deleted in the working tree: git has its content.
    if (error instanceof FileNotFoundError) return undefined;
    if (!(error instanceof FileRefusedError)) throw error;
    const { stdout } = await host.run(['stat', '-c', '%F', '--', name], { reject: false, ...options });
    // A directory, or a link to what cannot be read: of these git would take no content.
    if (stdout !== '' && !stdout.startsWith('regular ')) return undefined;
    if (error.cause instanceof OutputLimitError)
      return await host.readFile(name, { ...options, maxBytes: most });
    throw new SecretsError('SCAN_FAILED', error.message, { host: host.name }, { cause: error });
  }
}

/** Bytes of a file that is looked through in memory, as a large object of git's is. */
const most = 2 ** 31;
