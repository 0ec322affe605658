import { pipeline } from 'node:stream/promises';
import type { CommandStream, Host } from '@cutover/host';

/** A folder on a host. */
export interface Tree {
  readonly host: Host;
  /** Absolute. */
  readonly path: string;
}

/** How two trees compare, by the SHA-256 of every file. Paths are relative to the trees. */
export interface TreeDifference {
  readonly files: number;
  /** Missing in the second tree, or of other content. */
  readonly differing: readonly string[];
  /** Only in the second tree. */
  readonly surplus: readonly string[];
}

/** Compares `to` with `from`. A tree that is not there has no files. */
export async function compareTrees(from: Tree, to: Tree, signal: AbortSignal): Promise<TreeDifference> {
  const [wanted, present] = await Promise.all([checksums(from, signal), checksums(to, signal)]);
  return {
    files: wanted.size,
    differing: [...wanted.keys()].filter((path) => present.get(path) !== wanted.get(path)),
    surplus: [...present.keys()].filter((path) => !wanted.has(path)),
  };
}

/**
 * Makes `to` hold the files of `from`: only what differs travels, straight from one host's tar to the other's;
 * nothing is stored between. What only `to` has is left alone. The new files belong to `owner`.
 */
export async function syncTree(
  from: Tree,
  to: Tree,
  owner: string,
  signal: AbortSignal,
): Promise<TreeDifference> {
  const difference = await compareTrees(from, to, signal);
  await to.host.run(['install', '-d', '-o', owner, '-g', owner, to.path], { signal });
  if (difference.differing.length === 0) return difference;
  const pack = ['tar', '-C', from.path, '--null', '--no-recursion', '-T', '-', '-cf', '-'];
  const unpack = ['tar', '-C', to.path, '--no-same-owner', '-xpf', '-'];
  await using source = from.host.stream(pack, { signal });
  await using target = to.host.stream(unpack, { signal });
  source.stdin.end(difference.differing.map((path) => `${path}\0`).join(''));
  await pipeline(source.stdout, target.stdin, { signal });
  await Promise.all([ended(source, from, pack), ended(target, to, unpack)]);
  await to.host.run(['chown', '-R', `${owner}:${owner}`, to.path], { signal });
  return difference;
}

async function ended(stream: CommandStream, { host }: Tree, argv: readonly string[]): Promise<void> {
  stream.stderr.resume();
  const { exitCode, signal } = await stream.exit;
  if (exitCode !== 0) throw new Error(`${argv[0] ?? ''} on ${host.name} ended with ${signal ?? exitCode}`);
}

/** The SHA-256 of each regular file and the target of each symbolic link, by path. */
async function checksums({ host, path }: Tree, signal: AbortSignal): Promise<Map<string, string>> {
  const script = `cd "$1" 2>/dev/null || exit 0
find . -type f -exec sha256sum -z -- {} +
find . -type l -printf 'link:%l  %p\\0'`;
  const { stdout } = await host.run(['sh', '-c', script, 'sh', path], { signal });
  const entries = stdout.split('\0').filter((entry) => entry !== '');
  return new Map(
    entries.map((entry) => {
      const split = entry.indexOf('  ');
      return [entry.slice(split + 2).replace(/^\.\//, ''), entry.slice(0, split)];
    }),
  );
}
