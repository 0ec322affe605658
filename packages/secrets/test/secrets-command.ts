import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

/** The command `secrets`, built from the sources for processes of its own; gone when disposed. */
export interface SecretsCommand extends AsyncDisposable {
  readonly path: string;
  /** Starts `secrets ARGS`. */
  start(args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs it to its end. */
  run(args: readonly string[], options?: SpawnOptions & { readonly input?: string }): Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function buildSecretsCommand(): Promise<SecretsCommand> {
  // Below this package, so that what is not bundled is found.
  const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));
  await mkdir(cache, { recursive: true });
  const outDir = await mkdtemp(join(cache, 'secrets-command-'));
  await build({
    config: false,
    silent: true,
    entry: { secrets: fileURLToPath(new URL('../src/cli.ts', import.meta.url)) },
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    noExternal: [/^@cutover\//],
    external: [/^(?!@cutover\/)[^./]/],
    esbuildOptions: (options) => {
      options.conditions = ['source', 'module', 'import'];
    },
    outExtension: () => ({ js: '.mjs' }),
  });
  const path = join(outDir, 'secrets.mjs');
  const start = (args: readonly string[], options: SpawnOptions = {}): ChildProcess =>
    spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  return {
    path,
    start,
    async run(args, { input = '', ...options } = {}) {
      const child = start(args, options);
      child.stdin?.on('error', () => undefined).end(input);
      return ended(child);
    },
    [Symbol.asyncDispose]: () => rm(outDir, { recursive: true, force: true }),
  };
}

/** Waits for the end of a process, with what it wrote. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  const text = async (stream: ChildProcess['stdout']): Promise<string> =>
    stream === null ? '' : (await buffer(stream)).toString('utf8');
  const [[code, signal], stdout, stderr] = await Promise.all([
    closed,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}
