import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { children, type KeeperKind, peers } from './keeper.ts';

const host = localHost();
const command = join(peers, 'process-compose/process-compose');
const source = 'github.com/f1bonacc1/process-compose/src';

export const processCompose: KeeperKind = {
  name: 'process-compose',
  needs: {
    path: command,
    by: `in an empty Go module: go get ${source}/cmd@v1.64.1 && go build -o ${command} ${source}`,
  },
  start: async (count) => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-process-compose-'));
    const config = join(directory, 'process-compose.json');
    const program = { command: 'exec sleep 100000', availability: { restart: 'always', backoff_seconds: 1 } };
    const processes = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`loop-${index}`, program]),
    );
    await writeFile(config, JSON.stringify({ version: '0.5', processes }));
    const socket = ['--use-uds', '--unix-socket', join(directory, 'socket'), '-L', join(directory, 'log')];
    const child = spawn(command, ['up', '--tui=false', '-f', config, ...socket], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    const pid = child.pid ?? 0;
    while ((await children(pid)).length < count) await delay(20);
    return {
      processes: async () => [pid],
      programs: () => children(pid),
      status: async () => (await host.run([command, 'process', 'list', '-o', 'json', ...socket])).stdout,
      [Symbol.asyncDispose]: async () => {
        child.kill();
        await exit;
        await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  },
};
