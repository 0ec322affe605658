import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EngineEvent } from '@cutover/runbook';

/** Where the runner finds its config and keeps its journal. */
export interface RunnerFiles {
  readonly config: string;
  readonly state: string;
}

export interface RunnerOptions extends RunnerFiles {
  /** The command and its own options, e.g. `['run', '--yes']`. */
  readonly argv: readonly string[];
  readonly onEvent: (event: EngineEvent) => void;
  /** Kill the runner, as hard as can be, at the first event for which this holds, or so many milliseconds after it. */
  readonly killAt?: (event: EngineEvent) => boolean | number;
  /** The same after so many milliseconds. */
  readonly killAfter?: number;
  readonly signal: AbortSignal;
}

export interface RunnerEnd {
  readonly exitCode: number | null;
  readonly killed: boolean;
  readonly stderr: string;
}

const command = fileURLToPath(import.meta.resolve('@cutover/cutover-scripts/cli'));

/** Runs `cutover` as a user would: a process of its own, which can be killed. */
export async function runCutover(options: RunnerOptions): Promise<RunnerEnd> {
  const { argv, config, state, onEvent, killAt, killAfter, signal } = options;
  const child = spawn(process.execPath, [command, ...argv, '--json', '--config', config, '--state', state], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = once(child, 'close');
  const abort = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', abort, { once: true });
  let killed = false;
  const kill = (): void => {
    killed = child.kill('SIGKILL');
  };
  let timer = killAfter === undefined ? undefined : setTimeout(kill, killAfter);
  try {
    const stderr: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
    for await (const event of events(child)) {
      onEvent(event);
      if (killed || timer !== undefined) continue;
      const when = killAt?.(event) ?? false;
      if (when === true) kill();
      else if (when !== false) timer = setTimeout(kill, when);
    }
    await end;
    return { exitCode: child.exitCode, killed, stderr: stderr.join('') };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

async function* events({ stdout }: ChildProcess): AsyncGenerator<EngineEvent> {
  if (stdout === null) return;
  for await (const line of createInterface({ input: stdout })) {
    if (!line.startsWith('{')) continue;
    const parsed: unknown = JSON.parse(line);
    if (isEvent(parsed)) yield parsed;
  }
}

function isEvent(value: unknown): value is EngineEvent {
  return typeof value === 'object' && value !== null && 'type' in value;
}
