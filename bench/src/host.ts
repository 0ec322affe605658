import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

import { type Host, localHost, sshHost } from '@cutover/host';

import { type Figure, milliseconds } from './figure.ts';
import { type PrivateSshd, startPrivateSshd } from './private-sshd.ts';

const execute = promisify(execFile);
const mebibyte = 1024 * 1024;
/** What we hold against the ssh command, which is run once a sample as a script would run it. */
interface Pair {
  readonly host: Host;
  /** Another host, which has to connect first. */
  readonly connect: () => Host;
  readonly sshd: PrivateSshd;
  readonly ssh: (command: string, input?: string, output?: string) => Promise<void>;
  /** MiB of the file to be copied. */
  readonly size: number;
}

/** What a pair has beyond its defaults. */
interface PairOptions {
  /** Options of the ssh command. */
  readonly ssh?: readonly string[];
  /** How many sessions the server grants on a connection; ours is told. Default: its own 10. */
  readonly maxSessions?: number;
  readonly size?: number;
}

const controlMaster = ['ControlMaster=auto', 'ControlPersist=yes'];

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
  figure('ssh-exec-true', 'the ssh command', {}, ({ host, ssh }) => ({
    ours: async () => await milliseconds(async () => await host.run(['true'])),
    peer: async () => await milliseconds(async () => await ssh('true')),
  })),
  figure('ssh-connect-true', 'the ssh command', {}, ({ connect, ssh }) => ({
    ours: async () =>
      await milliseconds(async () => {
        await using host = connect();
        await host.run(['true']);
      }),
    peer: async () => await milliseconds(async () => await ssh('true')),
  })),
  figure('ssh-exec-true', 'the ssh command on a ControlMaster', { ssh: controlMaster }, ({ host, ssh }) => ({
    ours: async () => await milliseconds(async () => await host.run(['true'])),
    peer: async () => await milliseconds(async () => await ssh('true')),
  })),
  figure('ssh-exec-50', '50 ssh commands', {}, atOnce(50), 5),
  figure(
    'ssh-exec-100',
    '100 ssh commands on a ControlMaster',
    { ssh: controlMaster, maxSessions: 120 },
    atOnce(100),
    5,
  ),
  ...[256, 1024].flatMap(transfers),
];

/** So many commands at the same time. */
function atOnce(count: number): (pair: Pair) => Record<'ours' | 'peer', () => Promise<number>> {
  const all = async (task: () => Promise<unknown>): Promise<number> =>
    await milliseconds(
      async () => await Promise.all(Array.from({ length: count }, async () => await task())),
    );
  return ({ host, ssh }) => ({
    ours: async () => await all(async () => await host.run(['true'])),
    peer: async () => await all(async () => await ssh('true')),
  });
}

/** A file of so many MiB, there and back. */
function transfers(size: number): readonly Figure[] {
  const name = size < 1024 ? `${size}m` : `${size / 1024}g`;
  return [
    transfer(`ssh-push-${name}`, size, ({ host, ssh, sshd }) => ({
      ours: async () => {
        await host.run(['sh', '-c', 'cat > "$1"', 'sh', join(sshd.directory, 'ours')], {
          input: createReadStream(join(sshd.directory, 'data'), { highWaterMark: mebibyte }),
        });
      },
      peer: async () => await ssh(`cat > ${sshd.directory}/peer`, join(sshd.directory, 'data')),
    })),
    transfer(`ssh-pull-${name}`, size, ({ host, ssh, sshd }) => ({
      ours: async () => {
        await using command = host.stream(['cat', join(sshd.directory, 'data')]);
        await pipeline(command.stdout, createWriteStream(join(sshd.directory, 'ours')));
        await command.exit;
      },
      peer: async () => await ssh(`cat ${sshd.directory}/data`, undefined, join(sshd.directory, 'peer')),
    })),
  ];
}

function figure(
  name: string,
  peerName: string,
  options: PairOptions,
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
  size: number,
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
      await openPair({ size }, (pair) => {
        const { ours, peer } = copiers(pair);
        return {
          ours: async () => await rate(ours, join(pair.sshd.directory, 'ours'), size),
          peer: async () => await rate(peer, join(pair.sshd.directory, 'peer'), size),
        };
      }),
  };
}

async function openPair<T extends object>(
  { ssh: sshOptions = [], maxSessions, size = 1 }: PairOptions,
  samplers: (pair: Pair) => T,
): Promise<T & AsyncDisposable> {
  const sshd = await startPrivateSshd(maxSessions === undefined ? [] : [`MaxSessions ${maxSessions}`]);
  const { directory, port, user, privateKeyFile, knownHostsFile, sshArguments } = sshd;
  const connect = (): Host =>
    sshHost({ host: '127.0.0.1', port, user, privateKeyFile, knownHostsFile, maxSessions });
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
  // The master stands before its first sample: many at once would each be their own instead.
  if (sshOptions === controlMaster) await ssh('true');
  return {
    ...samplers({ host, connect, sshd, ssh, size }),
    [Symbol.asyncDispose]: async () => {
      await local.run(['ssh', ...options, '-O', 'exit', ...sshArguments], { reject: false });
      await host[Symbol.asyncDispose]();
      await sshd[Symbol.asyncDispose]();
    },
  };
}

/** MiB/s of a copy that makes `target`, which is checked for its size and removed. What the last one left is written first. */
async function rate(copy: () => Promise<void>, target: string, size: number): Promise<number> {
  await execute('sync');
  const seconds = (await milliseconds(copy)) / 1000;
  const copied = (await stat(target)).size;
  if (copied !== size * mebibyte) throw new Error(`${target} has ${copied} bytes`);
  await rm(target);
  return size / seconds;
}
