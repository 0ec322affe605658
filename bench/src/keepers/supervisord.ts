import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localHost } from '@cutover/host';
import { children, type KeeperKind, peers } from './keeper.ts';

const host = localHost();
const folder = join(peers, 'supervisor');
const daemon = join(folder, 'bin/supervisord');

export const supervisord: KeeperKind = {
  name: 'supervisord',
  needs: { path: daemon, by: `python3 -m venv ${folder} && ${folder}/bin/pip install supervisor` },
  start: async (count) => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-supervisord-'));
    const config = join(directory, 'supervisord.conf');
    const socket = join(directory, 'supervisor.sock');
    await writeFile(
      config,
      [
        `[supervisord]\nnodaemon=true\nlogfile=${directory}/log\npidfile=${directory}/pid\nminfds=4096\nchildlogdir=${directory}`,
        `[unix_http_server]\nfile=${socket}`,
        '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface',
        `[supervisorctl]\nserverurl=unix://${socket}`,
        ...Array.from(
          { length: count },
          (_, index) => `[program:loop-${index}]\ncommand=sleep 100000\nautorestart=true`,
        ),
      ].join('\n'),
    );
    const child = spawn(daemon, ['-c', config], { stdio: 'ignore' });
    const exit = once(child, 'exit');
    const pid = child.pid ?? 0;
    while ((await children(pid)).length < count) await delay(20);
    return {
      processes: async () => [pid],
      programs: () => children(pid),
      // It ends with 3 when something does not run.
      status: async () =>
        (await host.run([join(folder, 'bin/supervisorctl'), '-c', config, 'status'], { reject: false }))
          .stdout,
      [Symbol.asyncDispose]: async () => {
        child.kill();
        await exit;
        await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  },
};
