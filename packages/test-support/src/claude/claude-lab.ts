import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** How the stand-in of the API answers; see messages-api.mjs. */
export interface ApiMode {
  readonly mode:
    | 'good'
    | 'unauthorized'
    | 'revoked'
    | 'billing'
    | 'limit'
    | 'overloaded'
    | 'hang'
    | 'slow'
    | 'drop';
  readonly claim?: 'five_hour' | 'seven_day';
  /** Unix seconds. */
  readonly resetAt?: number;
  /** Milliseconds between the events of a slow stream. */
  readonly pause?: number;
}

/** A request as the stand-in logged it. */
export interface ApiRequest {
  readonly at: number;
  readonly mode: string;
  readonly session: string;
  readonly title: boolean;
  /** How many tools have answered since the prompt. */
  readonly answered: number;
  readonly retry: number;
  readonly bytes: number;
  readonly sha256: string;
  /** The beginning of the prompt. */
  readonly start: string;
}

/** Real Claude Code in a network of its own, where nothing is but a stand-in of its API. */
export interface ClaudeLab extends AsyncDisposable {
  /** A home without a login of anyone. */
  readonly home: string;
  /** Runs the program in that network. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string>>;
  setMode(mode: ApiMode): Promise<void>;
  /** What the stand-in was asked, without requests for titles. */
  requests(): Promise<ApiRequest[]>;
}

const api = join(import.meta.dirname, 'messages-api.mjs');

/** @param program the path of Claude Code's program. */
export async function openClaudeLab(program: string): Promise<ClaudeLab> {
  const folder = await mkdtemp(join(tmpdir(), 'claude-'));
  const home = join(folder, 'home');
  await mkdir(home);
  const script = 'ip link set lo up && exec "$@"';
  const server = spawn('unshare', ['--net', 'sh', '-c', script, 'sh', process.execPath, api, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: server.stdout });
  const [port] = (await Promise.race([
    once(lines, 'line'),
    once(server, 'exit').then(([code]) => {
      throw new Error(`the stand-in of the API ended with ${String(code)}`);
    }),
  ])) as [string];
  const command = join(folder, 'claude');
  const network = `/proc/${server.pid}/ns/net`;
  await writeFile(command, `#!/bin/sh\nexec nsenter --net=${network} -- '${program}' "$@"\n`, {
    mode: 0o755,
  });
  return {
    home,
    command,
    environment: {
      HOME: home,
      // It runs as root here, in a network without a way out.
      IS_SANDBOX: '1',
      ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
      CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-made-up',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
    },
    setMode: async (mode) => {
      const path = join(folder, 'mode.json');
      await writeFile(`${path}.new`, JSON.stringify(mode));
      await rename(`${path}.new`, path);
    },
    requests: async () => {
      const text = await readFile(join(folder, 'requests.jsonl'), 'utf8').catch(() => '');
      return text
        .split('\n')
        .slice(0, -1)
        .map((line): ApiRequest => JSON.parse(line))
        .filter(({ title }) => !title);
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(server, 'exit');
      server.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
