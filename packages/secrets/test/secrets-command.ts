import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { inject } from 'vitest';

/** The command `secrets`, built from the sources (global-setup.ts), for processes of its own. */
export interface SecretsCommand {
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

export function secretsCommand(): SecretsCommand {
  const path = inject('secretsCommand');
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
