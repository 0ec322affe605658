import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { createToy, type Toy } from '../engine/toy.ts';

/** The toy's command, built from the sources for processes of its own; gone when disposed. */
export interface ToyScript extends AsyncDisposable {
  readonly path: string;
}

export async function buildToyCommand(): Promise<ToyScript> {
  // Below this package, so that what is not bundled is found.
  const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
  await mkdir(cache, { recursive: true });
  const outDir = await mkdtemp(join(cache, 'toy-command-'));
  await build({
    config: false,
    silent: true,
    entry: { toy: fileURLToPath(new URL('toy-cli.ts', import.meta.url)) },
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
  return {
    path: join(outDir, 'toy.mjs'),
    [Symbol.asyncDispose]: () => rm(outDir, { recursive: true, force: true }),
  };
}

export interface ToyCommand extends AsyncDisposable {
  readonly toy: Toy;
  readonly configPath: string;
  /** Starts `toy ARGS` with the toy's config and state directory. */
  start(...args: string[]): ChildProcess;
  /** The same, with a command before it, e.g. `prlimit`. */
  startWithin(within: readonly string[], ...args: string[]): ChildProcess;
  /** Starts a line of shell at a terminal of its own (util-linux `script`). */
  startInTerminal(line: string): ChildProcess;
  /** Runs it to its end. */
  run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

export interface ToyConfig {
  readonly steps: number;
  readonly pause?: number;
  /** The one step that takes the pause; default: all. */
  readonly pauseOnly?: string;
  readonly gate?: boolean;
  readonly secret?: string;
  readonly failWith?: string;
  readonly failAt?: string;
  readonly failSaying?: string;
  readonly failUndoAt?: string;
  readonly notify?: readonly string[];
}

export async function toyCommand(script: ToyScript, config: ToyConfig): Promise<ToyCommand> {
  const toy = await createToy();
  const configPath = join(toy.world.directory, '..', 'toy.json');
  await writeFile(configPath, JSON.stringify({ directory: toy.world.directory, ...config }));
  const startWithin = (within: readonly string[], ...args: string[]): ChildProcess => {
    const own = [
      process.execPath,
      script.path,
      ...args,
      '--config',
      configPath,
      '--state',
      toy.stateDirectory,
    ];
    const [program = '', ...argv] = [...within, ...own];
    return spawn(program, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
  };
  const start = (...args: string[]): ChildProcess => startWithin([], ...args);
  return {
    toy,
    configPath,
    start,
    startWithin,
    startInTerminal: (line) =>
      spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' },
      }),
    async run(...args) {
      const child = start(...args);
      const [stdout, stderr] = [child.stdout, child.stderr].map((stream) =>
        stream === null ? '' : textOf(stream),
      );
      const [code] = await once(child, 'close');
      return { code, stdout: await (stdout ?? ''), stderr: await (stderr ?? '') };
    },
    [Symbol.asyncDispose]: () => toy[Symbol.asyncDispose](),
  };
}

/** All that a stream says. */
export async function textOf(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
