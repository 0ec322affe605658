import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { build } from 'tsup';

import type { Machine } from './machine.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The command as a process of its own, which can be killed. */
export interface Client extends AsyncDisposable {
  /** Writes the config file, whose targets are these machines. */
  configure(machines: readonly Machine[], more?: object, user?: string): Promise<void>;
  run(arguments_: readonly string[]): Promise<ClientExit>;
  start(arguments_: readonly string[]): RunningClient;
  /** Runs a command with `--json`, holds that it went well, and returns its one document. */
  json(arguments_: readonly string[]): Promise<unknown>;
}

export interface ClientExit {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningClient {
  readonly process: ChildProcess;
  readonly exit: Promise<ClientExit>;
  /** Resolves with the first line of stdout that contains `text`. */
  line(text: string): Promise<string>;
}

export async function startClient(): Promise<Client> {
  // Inside the checkout, so that what is not bundled is found.
  const folder = await mkdtemp(join(root, 'node_modules', '.nix-deploy-'));
  const keys = await mkdtemp(join(tmpdir(), 'nix-deploy-'));
  await build({
    config: false,
    entry: { cli: join(root, 'packages/nix-deploy/src/cli.ts') },
    outDir: folder,
    format: 'esm',
    target: 'node20',
    silent: true,
    noExternal: [/^@cutover\//],
    external: [/^(?![./]|@cutover\/)/],
    esbuildOptions: (options) => {
      options.conditions = ['source'];
    },
  });
  const config = join(keys, 'nix-deploy.yaml');
  const start = (arguments_: readonly string[]): RunningClient => {
    const child = spawn(process.execPath, [join(folder, 'cli.js'), ...arguments_, '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const seen: string[] = [];
    const waiting: { text: string; found: (line: string) => void }[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      seen.push(line);
      for (const one of waiting) if (line.includes(one.text)) one.found(line);
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    return {
      process: child,
      exit: new Promise((resolve) => {
        child.once('close', (exitCode) => resolve({ exitCode, stdout: seen.join('\n'), stderr }));
      }),
      line: async (text) =>
        seen.find((line) => line.includes(text)) ??
        (await new Promise<string>((found) => waiting.push({ text, found }))),
    };
  };
  return {
    configure: async (machines, more = {}, user = 'root') => {
      const targets = machines.map((machine) => [
        machine.name,
        {
          flake: 'path:/srv/flake',
          configuration: 'box',
          ssh: {
            host: '127.0.0.1',
            user,
            port: machine.relay.port,
            identityFile: machine.operatorKey,
            hostKeys: [machine.hostKey],
          },
          ...more,
        },
      ]);
      await writeFile(config, JSON.stringify({ targets: Object.fromEntries(targets) }));
    },
    start,
    run: async (arguments_) => await start(arguments_).exit,
    json: async (arguments_) => {
      const { exitCode, stdout, stderr } = await start([...arguments_, '--json']).exit;
      if (exitCode !== 0)
        throw new Error(`${arguments_.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
      return JSON.parse(stdout);
    },
    [Symbol.asyncDispose]: async () => {
      await rm(folder, { recursive: true, force: true });
      await rm(keys, { recursive: true, force: true });
    },
  };
}
