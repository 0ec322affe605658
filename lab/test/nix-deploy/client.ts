import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Machine } from './machine.ts';

/** As users get it; bin/test has built it. */
export const command: string = fileURLToPath(
  new URL('../../../packages/nix-deploy/bin/nix-deploy.js', import.meta.url),
);

/** The command as a process of its own, which can be killed. */
export interface Client extends AsyncDisposable {
  /** Writes the config file, whose targets are these machines. */
  configure(machines: readonly Machine[], more?: object, user?: string): Promise<void>;
  run(arguments_: readonly string[], env?: NodeJS.ProcessEnv): Promise<ClientExit>;
  start(arguments_: readonly string[], env?: NodeJS.ProcessEnv): RunningClient;
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
  /** Resolves with the first line of stdout that contains `text`. @throws {Error} it ended without one. */
  line(text: string): Promise<string>;
}

export async function startClient(): Promise<Client> {
  const folder = await mkdtemp(join(tmpdir(), 'nix-deploy-'));
  const config = join(folder, 'nix-deploy.yaml');
  const start = (arguments_: readonly string[], env: NodeJS.ProcessEnv = {}): RunningClient => {
    const child = spawn(process.execPath, [command, ...arguments_, '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const seen: string[] = [];
    const waiting: { text: string; found: (line: string) => void }[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      seen.push(line);
      for (const one of waiting) if (line.includes(one.text)) one.found(line);
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const exit = new Promise<ClientExit>((resolve) => {
      child.once('close', (exitCode) => resolve({ exitCode, stdout: seen.join('\n'), stderr }));
    });
    return {
      process: child,
      exit,
      line: async (text) =>
        seen.find((line) => line.includes(text)) ??
        (await Promise.race([
          new Promise<string>((found) => waiting.push({ text, found })),
          exit.then(({ exitCode, stdout }) => {
            throw new Error(`it ended with ${exitCode} before it said ${text}: ${stderr}${stdout}`);
          }),
        ])),
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
            privateKey: machine.operatorKey,
            hostKeys: [machine.hostKey],
          },
          ...more,
        },
      ]);
      await writeFile(config, JSON.stringify({ targets: Object.fromEntries(targets) }));
    },
    start,
    run: async (arguments_, env) => await start(arguments_, env).exit,
    json: async (arguments_) => {
      const { exitCode, stdout, stderr } = await start([...arguments_, '--json']).exit;
      if (exitCode !== 0)
        throw new Error(`${arguments_.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
      return JSON.parse(stdout);
    },
    [Symbol.asyncDispose]: async () => {
      await rm(folder, { recursive: true, force: true });
    },
  };
}
