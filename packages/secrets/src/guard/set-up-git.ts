import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import { type Host, quoteForDisplay } from '@cutover/host';
import { SecretsError } from '../errors.ts';
import { wholeWorkTree } from '../git/repository.ts';

export interface SetUpGitOptions {
  /** The machine with the repository: this one. */
  readonly host: Host;
  readonly repository: string;
  /** The files that git shows decrypted, as in `.gitattributes`. */
  readonly patterns: readonly string[];
  /** The file of this command: what git runs where npx does not find the command for the repository. */
  readonly program: string;
  readonly signal?: AbortSignal | undefined;
}

type Outcome = 'written' | 'unchanged';

export interface SetUpGitReport {
  readonly hook: { readonly path: string; readonly outcome: Outcome };
  readonly attributes: { readonly path: string; readonly outcome: Outcome };
}

/** `--no`: where this package is not installed, npx must not ask the registry for a package of that name. */
const byNpx = ['npx', '--no', '--', 'secrets'];

/**
 * Makes a repository run `secrets guard` before each commit, and show sops files decrypted in `git diff`. The second run
 * changes nothing. Decrypted text is not cached by git, which would keep it in the repository.
 *
 * @throws {SecretsError} `FILE_CONFLICT`: there is a pre-commit hook of another kind.
 */
export async function setUpGit(options: SetUpGitOptions): Promise<SetUpGitReport> {
  const git = await wholeWorkTree(options.host, options.repository, { signal: options.signal });
  const { stdout } = await git.run(['rev-parse', '--git-path', 'hooks/pre-commit']);
  const path = resolve(git.path, stdout.trimEnd());
  const command = await commandFor(git.path, options);
  const written = await writeHook(path, command);
  // git gives up the whole diff where this fails, so who has no key, or has a plain file there, sees the file as it is.
  const textconv = `show() { ${command} decrypt "$1" || cat "$1"; }; show`;
  await git.run(['config', 'diff.secrets.textconv', textconv]);
  await git.run(['config', 'diff.secrets.cachetextconv', 'false']);
  const attributes = join(git.path, '.gitattributes');
  return {
    hook: { path, outcome: written },
    attributes: { path: attributes, outcome: await addLines(attributes, options.patterns) },
  };
}

/** The words of a shell line that run the command in this repository, by npx where it is installed for it. */
async function commandFor(cwd: string, { host, program, signal }: SetUpGitOptions): Promise<string> {
  const probe = await host.run([...byNpx, '--version'], { cwd, signal, reject: false });
  return probe.exitCode === 0 ? byNpx.join(' ') : quoteForDisplay([program]);
}

/** A hook that this wrote before. */
const ours = /^#!\/bin\/sh\nexec [^\n]*\bsecrets(?:\.cjs)?'? guard\n$/;
/** A line of another hook that runs the guard. */
const runsGuard = /^[^#\n]*\bsecrets(?:\.cjs)?'? guard\b/m;

async function writeHook(path: string, command: string): Promise<Outcome> {
  const hook = `#!/bin/sh\nexec ${command} guard\n`;
  const before = await unlessAbsent(readFile(path, 'utf8'));
  if (before !== undefined && (before === hook || (runsGuard.test(before) && !ours.test(before))))
    return 'unchanged';
  if (before !== undefined && !ours.test(before)) {
    const what = `there is a pre-commit hook already; add this line to it: ${command} guard || exit 1`;
    throw new SecretsError('FILE_CONFLICT', what, { file: path });
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFileDurably(path, hook, { mode: 0o755 });
  return 'written';
}

async function addLines(path: string, patterns: readonly string[]): Promise<Outcome> {
  const before = (await unlessAbsent(readFile(path, 'utf8'))) ?? '';
  const have = new Set(before.split('\n'));
  const missing = patterns.map((pattern) => `${pattern} diff=secrets`).filter((line) => !have.has(line));
  if (missing.length === 0) return 'unchanged';
  const start = before === '' || before.endsWith('\n') ? before : `${before}\n`;
  await writeFileDurably(path, `${start}${missing.join('\n')}\n`, { mode: 0o644 });
  return 'written';
}
