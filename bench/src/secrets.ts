import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateKeyPair, parseIdentities } from '@cutover/secrets/age';
import { decryptFile, encryptFile } from '@cutover/secrets/sops';
import { type Figure, milliseconds, type OpenFigure, UnavailableError } from './figure.ts';

const run = promisify(execFile);
const sopsVersion = '3.13.2';
const files = 1_000;
const filesToUpdate = 100;
/** The sops command decrypts this many one after another; its time is then scaled to `files`. */
const filesOfPeer = 25;

/** What ours cannot be rid of. */
const nodeAlone = 'node -e 0';

function sopsPath(): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const path = join(cache, 'cutover', 'tools', `sops-v${sopsVersion}`, 'sops');
  return existsSync(path) ? path : undefined;
}

function needSops(peer: (sops: string) => Promise<number>): (() => Promise<number>) | UnavailableError {
  const sops = sopsPath();
  if (sops !== undefined) return () => peer(sops);
  return new UnavailableError(`sops ${sopsVersion} is not built here; set-up builds it where Go is`);
}

const document = (count: number): string =>
  Array.from({ length: count }, (_, index) => `key_${index}: value ${index} of a secret\n`).join('');

/**
 * `decrypt-1000-files`: milliseconds to read and decrypt 1,000 YAML files of three values, one after another. The peer
 * is the sops command, one by one: the time of 25 files, scaled to 1,000.
 *
 * `decrypt-10000-values`: milliseconds to decrypt one YAML file of 10,000 values. The peer is the sops command, its
 * start included (some 25 ms).
 *
 * `decrypt-one`: milliseconds that `secrets decrypt FILE` takes, from start to end. The peers are `sops decrypt FILE` and
 * the start of Node.
 *
 * `updatekeys-100`: milliseconds that `secrets updatekeys` takes for 100 files whose recipients change. The peer is the sops
 * command, one by one: the time of 25 files, scaled to 100.
 *
 * `command-start`: milliseconds that `secrets --help` takes. The peers are `sops --help` and the
 * start of Node.
 */
export const secretsFigures: readonly Figure[] = [
  {
    name: 'decrypt-1000-files',
    unit: 'ms',
    better: 'lower',
    peerName: 'sops',
    samples: 5,
    warmUp: 1,
    open: async () => {
      const { directory, identity, recipient, env } = await prepare();
      const paths = Array.from({ length: files }, (_, index) => join(directory, `${index}.yaml`));
      for (const path of paths)
        await writeFile(path, await encryptFile(document(3), { file: path, recipients: [recipient] }));
      const identities = parseIdentities(identity);
      return {
        ours: async () =>
          milliseconds(async () => {
            for (const file of paths) await decryptFile(await readFile(file), { file, identities });
          }),
        peer: needSops(async (sops) => {
          const taken = await milliseconds(async () => {
            for (const path of paths.slice(0, filesOfPeer)) await run(sops, ['decrypt', path], { env });
          });
          return (taken / filesOfPeer) * files;
        }),
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  },
  ...[100, 1_000, 10_000].map(decryptValues),
  decryptOne('sops', ({ file, env }) => needSops(async (sops) => time(sops, ['decrypt', file], env))),
  decryptOne(nodeAlone, () => startOfNode),
  {
    name: 'updatekeys-100',
    unit: 'ms',
    better: 'lower',
    peerName: 'sops',
    samples: 5,
    open: async () => {
      const command = commandPath();
      const { directory, recipient, env } = await prepare();
      const paths = Array.from({ length: filesToUpdate }, (_, index) => join(directory, `${index}.yaml`));
      const pathsOfPeer = paths.slice(0, filesOfPeer);
      const sealed = await encryptFile(document(3), { file: 'a.yaml', recipients: [recipient] });
      const rules = join(directory, '.sops.yaml');
      await writeFile(rules, `creation_rules:\n  - age: ${recipient},${generateKeyPair().recipient}\n`);
      /** Each run changes the recipients, so each begins with the files as they were. */
      const renew = async (): Promise<void> => {
        for (const path of paths) await writeFile(path, sealed);
      };
      return {
        ours: async () => {
          await renew();
          const args = [command, 'updatekeys', '-y', ...paths];
          return milliseconds(async () => run(process.execPath, args, { env, cwd: directory }));
        },
        peer: needSops(async (sops) => {
          await renew();
          const taken = await milliseconds(async () => {
            for (const path of pathsOfPeer)
              await run(sops, ['updatekeys', '--yes', path], { env, cwd: directory });
          });
          return (taken / filesOfPeer) * filesToUpdate;
        }),
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  },
  commandStart('sops', () => needSops(async (sops) => time(sops, ['encrypt', '--help']))),
  commandStart(nodeAlone, () => startOfNode),
];

async function startOfNode(): Promise<number> {
  return await time(process.execPath, ['-e', '0']);
}

function decryptValues(values: number): Figure {
  return {
    name: `decrypt-${values}-values`,
    unit: 'ms',
    better: 'lower',
    peerName: 'sops',
    samples: 10,
    open: async () => {
      const { directory, identity, recipient, env } = await prepare();
      const file = join(directory, 'big.yaml');
      await writeFile(file, await encryptFile(document(values), { file, recipients: [recipient] }));
      const identities = parseIdentities(identity);
      return {
        ours: async () => milliseconds(async () => decryptFile(await readFile(file), { file, identities })),
        peer: needSops(async (sops) =>
          milliseconds(async () => run(sops, ['decrypt', file], { env, maxBuffer: 1 << 26 })),
        ),
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  };
}

/** @param peer with a file of three values. */
function decryptOne(
  peerName: string,
  peer: (given: { file: string; env: NodeJS.ProcessEnv }) => OpenFigure['peer'],
): Figure {
  return {
    name: 'decrypt-one',
    unit: 'ms',
    better: 'lower',
    peerName,
    open: async () => {
      const command = commandPath();
      const { directory, recipient, env } = await prepare();
      const file = join(directory, 'one.yaml');
      await writeFile(file, await encryptFile(document(3), { file, recipients: [recipient] }));
      return {
        ours: async () => await time(process.execPath, [command, 'decrypt', file], env),
        peer: peer({ file, env }),
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  };
}

function commandStart(peerName: string, peer: () => OpenFigure['peer']): Figure {
  return {
    name: 'command-start',
    unit: 'ms',
    better: 'lower',
    peerName,
    open: async () => {
      const command = commandPath();
      return {
        ours: async () => await time(process.execPath, [command, 'keygen', '--help']),
        peer: peer(),
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
  };
}

async function time(file: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<number> {
  return await milliseconds(async () => run(file, [...args], env && { env }));
}

/** The built command. @throws {UnavailableError} */
function commandPath(): string {
  const bundle = fileURLToPath(import.meta.resolve('@cutover/secrets/bundle'));
  const command = bundle.replace('secrets.bundle.cjs', 'command/cli.cjs');
  if (existsSync(command)) return command;
  throw new UnavailableError('packages/secrets is not built: run turbo run build');
}

async function prepare(): Promise<{
  directory: string;
  identity: string;
  recipient: string;
  env: NodeJS.ProcessEnv;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'cutover-bench-secrets-'));
  const { identity, recipient } = generateKeyPair();
  await writeFile(join(directory, 'key.txt'), identity, { mode: 0o600 });
  const env = { PATH: process.env['PATH'], HOME: directory, SOPS_AGE_KEY_FILE: join(directory, 'key.txt') };
  return { directory, identity, recipient, env };
}
