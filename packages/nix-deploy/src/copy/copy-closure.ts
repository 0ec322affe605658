import { NixError } from '../errors.ts';
import { asRoot, script } from '../target/script.ts';
import { missingPaths, type MissingOptions } from './missing-paths.ts';

export interface CopyOptions extends MissingOptions {
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

export interface CopyProgress {
  /** Store paths that the destination lacks. */
  readonly paths: number;
  /** Bytes sent so far. */
  readonly bytes: number;
}

/**
 * Copies the closure of `paths` from one host's store to another's, over the hosts' own connections: no ssh from one
 * to the other is needed, and whatever verified their keys has verified this too. Only missing paths travel. The
 * receiving side imports as root, who may import what bears no signature.
 *
 * @returns how much was sent.
 * @throws {NixError}
 */
export async function copyClosure(options: CopyOptions): Promise<CopyProgress> {
  const { from, to, paths, privilege, signal } = options;
  const missing = await missingPaths(options);
  if (missing.length === 0) return { paths: 0, bytes: 0 };
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  await using sender = from.stream(script('export', exportScript), { signal: both });
  await using receiver = to.stream(asRoot(script('import', importScript), privilege), { signal: both });
  sender.stdin.end(`${missing.join('\n')}\n`);
  let bytes = 0;
  const pump = async (): Promise<void> => {
    for await (const chunk of sender.stdout) {
      bytes += (chunk as Uint8Array).length;
      options.onProgress?.({ paths: missing.length, bytes });
      if (!receiver.stdin.write(chunk)) await drained(receiver.stdin);
      if (receiver.stdin.destroyed) break;
    }
    receiver.stdin.end();
  };
  const errors = [lastLines(sender.stderr), lastLines(receiver.stderr)];
  receiver.stdout.resume();
  try {
    await pump();
    const received = await receiver.exit;
    if (received.exitCode !== 0) stop.abort();
    const [sent] = await Promise.allSettled([sender.exit]);
    const failed =
      received.exitCode !== 0
        ? received.exitCode
        : sent?.status === 'fulfilled'
          ? sent.value.exitCode
          : undefined;
    if (failed === 0) return { paths: missing.length, bytes };
    throw new NixError('copy', to.name, {
      exitCode: failed,
      lastLines: explain((await Promise.all(errors)).flat(), to.name, paths),
    });
  } finally {
    stop.abort();
  }
}

const exportScript = `
set -e
paths=$(cat)
# In as many pieces as an argument list needs: an import takes them one after the other.
exec nix-store --export $paths
`;

const importScript = `exec nix-store --import > /dev/null`;

/** Nix says three things about a full disk and none about what to do. */
function explain(lines: readonly string[], target: string, paths: readonly string[]): string[] {
  const said = lines.join('\n');
  const all = lines.slice(-20);
  if (/No space left|disk is full|ENOSPC|database or disk is full/i.test(said)) {
    return [...all, `the store of ${target} is full: collect garbage there (nix-deploy gc) or grow its disk`];
  }
  if (/lacks a (valid )?signature|lacks a signature by a trusted key/i.test(said)) {
    return [
      ...all,
      `${target} does not trust an unsigned closure (${paths[0] ?? ''}): deploy as root or through sudo, or sign it with a key of its trusted-public-keys`,
    ];
  }
  return all;
}

async function lastLines(readable: AsyncIterable<unknown>): Promise<string[]> {
  const chunks: string[] = [];
  try {
    for await (const chunk of readable) chunks.push(String(chunk));
  } catch (error) {
    chunks.push(String(error));
  }
  return chunks.join('').trim().split('\n');
}

async function drained(stream: NodeJS.WritableStream): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      stream.off('error', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    stream.on('error', done);
  });
}
