import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { type Host, localHost, sshHost } from '@cutover/host';

import { type Figure, milliseconds } from './figure.ts';
import { type PrivateSshd, startPrivateSshd } from './private-sshd.ts';

const mebibyte = 1024 * 1024;
const size = 256;

/** What we hold against the ssh command, which is run once a sample as a script would run it. */
interface Pair {
  readonly host: Host;
  /** Another host, which has to connect first. */
  readonly connect: () => Host;
  readonly sshd: PrivateSshd;
  readonly ssh: (command: string, input?: string, output?: string) => Promise<void>;
}

/** Over a connection that stands, as for every call after the first, but for `ssh-connect-true`. */
export const hostFigures: readonly Figure[] = [
  {
    name: 'local-exec-true',
    unit: 'ms',
    better: 'lower',
    peerName: 'execa',
    samples: 100,
    warmUp: 10,
    open: async () => {
      const host = localHost();
      const { execa } = await import('execa');
      return {
        ours: async () => await milliseconds(async () => await host.run(['true'])),
        peer: async () => await milliseconds(async () => await execa('true')),
        [Symbol.asyncDispose]: async () => await host[Symbol.asyncDispose](),
      };
    },
  },
  figure('ssh-exec-true', 'the ssh command', [], ({ host, ssh }) => ({
    ours: async () => await milliseconds(async () => await host.run(['true'])),
    peer: async () => await milliseconds(async () => await ssh('true')),
  })),
  figure('ssh-connect-true', 'the ssh command', [], ({ connect, ssh }) => ({
    ours: async () =>
      await milliseconds(async () => {
        await using host = connect();
        await host.run(['true']);
      }),
    peer: async () => await milliseconds(async () => await ssh('true')),
  })),
  figure(
    'ssh-exec-true',
    'the ssh command on a ControlMaster',
    ['ControlMaster=auto', 'ControlPersist=yes'],
    ({ host, ssh }) => ({
      ours: async () => await milliseconds(async () => await host.run(['true'])),
      peer: async () => await milliseconds(async () => await ssh('true')),
    }),
  ),
  figure(
    'ssh-exec-50',
    '50 ssh commands',
    [],
    ({ host, ssh }) => ({
      ours: async () =>
        await milliseconds(async () => await Promise.all(fifty(async () => await host.run(['true'])))),
      peer: async () =>
        await milliseconds(async () => await Promise.all(fifty(async () => await ssh('true')))),
    }),
    5,
  ),
  transfer('ssh-push-256m', ({ host, ssh, sshd }) => ({
    ours: async () => {
      await host.run(['sh', '-c', 'cat > "$1"', 'sh', join(sshd.directory, 'ours')], {
        input: createReadStream(join(sshd.directory, 'data'), { highWaterMark: mebibyte }),
      });
    },
    peer: async () => await ssh(`cat > ${sshd.directory}/peer`, join(sshd.directory, 'data')),
  })),
  transfer('ssh-pull-256m', ({ host, ssh, sshd }) => ({
    ours: async () => {
      await using command = host.stream(['cat', join(sshd.directory, 'data')]);
      await pipeline(command.stdout, createWriteStream(join(sshd.directory, 'ours')));
      await command.exit;
    },
    peer: async () => await ssh(`cat ${sshd.directory}/data`, undefined, join(sshd.directory, 'peer')),
  })),
];

function figure(
  name: string,
  peerName: string,
  options: readonly string[],
  samplers: (pair: Pair) => Record<'ours' | 'peer', () => Promise<number>>,
  samples = 20,
): Figure {
  return {
    name,
    unit: 'ms',
    better: 'lower',
    peerName,
    samples,
    open: async () => await openPair(options, samplers),
  };
}

function transfer(
  name: string,
  copiers: (pair: Pair) => Record<'ours' | 'peer', () => Promise<void>>,
): Figure {
  return {
    name,
    unit: 'MiB/s',
    better: 'higher',
    peerName: 'ssh HOST cat',
    samples: 5,
    warmUp: 1,
    open: async () =>
      await openPair([], (pair) => {
        const { ours, peer } = copiers(pair);
        return {
          ours: async () => await rate(ours, join(pair.sshd.directory, 'ours')),
          peer: async () => await rate(peer, join(pair.sshd.directory, 'peer')),
        };
      }),
  };
}

async function openPair<T extends object>(
  sshOptions: readonly string[],
  samplers: (pair: Pair) => T,
): Promise<T & AsyncDisposable> {
  const sshd = await startPrivateSshd();
  const { directory, port, user, privateKeyFile, knownHostsFile, sshArguments } = sshd;
  const connect = (): Host => sshHost({ host: '127.0.0.1', port, user, privateKeyFile, knownHostsFile });
  const host = connect();
  await using local = localHost();
  await local.run([
    'sh',
    '-c',
    'head -c "$2" /dev/urandom > "$1"',
    'sh',
    join(directory, 'data'),
    `${size * mebibyte}`,
  ]);

  const options = [`ControlPath=${directory}/control`, ...sshOptions].flatMap((option) => ['-o', option]);
  const ssh: Pair['ssh'] = async (command, input = '/dev/null', output = '/dev/null') => {
    await using stdin = await open(input, 'r');
    await using stdout = await open(output, 'w');
    const child = spawn('ssh', [...options, ...sshArguments, command], {
      stdio: [stdin.fd, stdout.fd, 'inherit'],
    });
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    if (exitCode !== 0) throw new Error(`ssh ${command} ended with ${exitCode}`);
  };
  return {
    ...samplers({ host, connect, sshd, ssh }),
    [Symbol.asyncDispose]: async () => {
      await local.run(['ssh', ...options, '-O', 'exit', ...sshArguments], { reject: false });
      await host[Symbol.asyncDispose]();
      await sshd[Symbol.asyncDispose]();
    },
  };
}

/** MiB/s of a copy that makes `target`, which is checked for its size and removed. */
async function rate(copy: () => Promise<void>, target: string): Promise<number> {
  const seconds = (await milliseconds(copy)) / 1000;
  const copied = (await stat(target)).size;
  if (copied !== size * mebibyte) throw new Error(`${target} has ${copied} bytes`);
  await rm(target);
  return size / seconds;
}

function fifty(task: () => Promise<unknown>): Promise<unknown>[] {
  return Array.from({ length: 50 }, async () => await task());
}
