import { fileURLToPath } from 'node:url';
import { type Figure, UnavailableError, milliseconds } from './figure.ts';
import { goPeer } from './incus-go-peer.ts';
import { stoppedInstances } from './incus-instances.ts';
import { type BenchMachine, openMachine } from './incus-machine.ts';
import { nodeLoop } from './incus-node-loop.ts';
import { peakMemory } from './peak-memory.ts';

const requests = 400;
const mebibytes = 256;

/** One figure on a machine of its own in the lab. `peer` and `ours` are made once it is up. */
function figure(
  facts: Pick<Figure, 'name' | 'unit' | 'better' | 'peerName' | 'samples' | 'warmUp'>,
  make: (machine: BenchMachine) => Promise<{
    ours: () => Promise<number>;
    peer: (() => Promise<number>) | UnavailableError;
    close?: () => Promise<void>;
  }>,
): Figure {
  return {
    ...facts,
    open: async () => {
      const machine = await openMachine();
      const { ours, peer, close } = await make(machine);
      return {
        ours,
        peer,
        async [Symbol.asyncDispose]() {
          await close?.();
          await machine[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** `count` requests of GET /1.0 with `width` under way, as requests a second. */
function rate(width: number, get: () => Promise<unknown>): () => Promise<number> {
  return async () => {
    const spent = await milliseconds(() =>
      Promise.all(
        Array.from({ length: width }, async () => {
          for (let turn = 0; turn < requests / width; turn += 1) await get();
        }),
      ),
    );
    return (requests / spent) * 1_000;
  };
}

const gets = [1, 32].map((width) =>
  figure(
    { name: `get-${width}`, unit: 'req/s', better: 'higher', peerName: 'a bare node:http loop', samples: 15 },
    async ({ client, socket }) => {
      const loop = nodeLoop(socket, width);
      return {
        ours: rate(width, () => client.server.get()),
        peer: rate(width, () => loop.get('/1.0')),
        close: loop.close,
      };
    },
  ),
);

const speed = (spent: number) => (mebibytes / spent) * 1_000;

export const incusClientFigures: readonly Figure[] = [
  ...gets,
  figure(
    { name: 'exec-true', unit: 'ms', better: 'lower', peerName: 'the incus command', samples: 30 },
    async ({ client, name, incus }) => ({
      ours: () => milliseconds(() => client.exec.run(name, ['true'])),
      peer: () => milliseconds(() => incus('exec', '-T', name, '--', 'true')),
    }),
  ),
  figure(
    {
      name: 'exec-true-go',
      unit: 'ms',
      better: 'lower',
      peerName: 'the Go client in one process',
      samples: 30,
      warmUp: 3,
    },
    async ({ client, name, socket }) => {
      const peer = await goPeer(socket, name);
      return {
        ours: () => milliseconds(() => client.exec.run(name, ['true'])),
        peer: peer instanceof UnavailableError ? peer : peer.sample,
        ...(!(peer instanceof UnavailableError) && { close: peer.close }),
      };
    },
  ),
  figure(
    {
      name: 'push-256m',
      unit: 'MiB/s',
      better: 'higher',
      peerName: 'incus file push',
      samples: 5,
      warmUp: 1,
    },
    async ({ client, name, incus, largeFile }) => {
      const file = await largeFile(mebibytes);
      return {
        ours: async () => speed(await milliseconds(() => client.files.push(name, file, '/root/large'))),
        peer: async () =>
          speed(await milliseconds(() => incus('file', 'push', '--quiet', file, `${name}/root/large`))),
      };
    },
  ),
  figure(
    {
      name: 'pull-256m',
      unit: 'MiB/s',
      better: 'higher',
      peerName: 'incus file pull',
      samples: 5,
      warmUp: 1,
    },
    async ({ client, name, incus, largeFile }) => {
      const file = await largeFile(mebibytes);
      await client.files.push(name, file, '/root/large');
      return {
        ours: async () =>
          speed(await milliseconds(() => client.files.pull(name, '/root/large', `${file}.back`))),
        peer: async () =>
          speed(
            await milliseconds(() => incus('file', 'pull', '--quiet', `${name}/root/large`, `${file}.back`)),
          ),
      };
    },
  ),
  ...[1, 100, 300].map((count) =>
    figure(
      { name: `list-${count}`, unit: 'ms', better: 'lower', peerName: 'incus list', samples: 10 },
      async ({ client, incus }) => {
        const project = await stoppedInstances(client, count);
        return {
          ours: () => milliseconds(() => client.project(project).instances.listFull()),
          peer: () => milliseconds(() => incus('list', '--project', project, '--format', 'json')),
        };
      },
    ),
  ),
  figure(
    { name: 'list-300-rss', unit: 'MB', better: 'lower', peerName: 'incus list', samples: 5, warmUp: 1 },
    async ({ client, socket, env }) => {
      const project = await stoppedInstances(client, 300);
      const script = fileURLToPath(new URL('incus-list.js', import.meta.url));
      return {
        ours: () => peakMemory(process.execPath, [script, socket, project], env),
        peer: () => peakMemory('incus', ['list', '--project', project, '--format', 'json'], env),
      };
    },
  ),
];
