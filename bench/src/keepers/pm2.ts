import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { children, type KeeperKind, peers } from './keeper.ts';

const host = localHost();
const command = join(peers, 'pm2/node_modules/.bin/pm2');

export const pm2: KeeperKind = {
  name: 'pm2',
  needs: { path: command, by: `npm install --prefix ${join(peers, 'pm2')} pm2@6` },
  start: async (count) => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-pm2-'));
    const ecosystem = join(directory, 'ecosystem.json');
    const apps = Array.from({ length: count }, (_, index) => ({
      name: `loop-${index}`,
      script: 'sleep',
      args: '100000',
      interpreter: 'none',
      restart_delay: 100,
    }));
    await writeFile(ecosystem, JSON.stringify({ apps }));
    const env = { PM2_HOME: join(directory, 'home') };
    await mkdir(env.PM2_HOME);
    const run = async (...args: string[]): Promise<string> =>
      (await host.run([command, ...args], { env })).stdout;
    await run('start', ecosystem);
    const daemon = Number(await readFile(join(env.PM2_HOME, 'pm2.pid'), 'utf8'));
    return {
      processes: async () => [daemon],
      programs: () => children(daemon),
      status: async () => {
        const text = await run('jlist');
        return JSON.parse(text.slice(text.indexOf('[{'))) as unknown;
      },
      [Symbol.asyncDispose]: async () => {
        await run('kill');
        await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  },
};
