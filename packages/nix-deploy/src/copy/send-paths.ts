import type { Host } from '@cutover/host';

import { NixError } from '../errors.ts';
import type { StorePath } from '../nix/path-info.ts';
import { asRoot, type Privilege, script } from '../target/script.ts';
import { asLines } from './closure.ts';
import exportScript from './export.sh';
import type { Receiver } from './receiver.ts';
import { lastLines, pump } from './streams.ts';

export interface CopyOptions {
  readonly from: Host;
  readonly to: Host;
  readonly privilege: Privilege;
  /** What imports on `to`. Default: a command of its own. */
  readonly receiver?: Receiver | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyProgress {
  /** Store paths that the destination lacks. */
  readonly paths: number;
  /** Bytes sent so far. */
  readonly bytes: number;
}

/**
 * Sends store paths, each after those that it refers to, over the hosts' own connections: no ssh from one to the other is
 * needed, and whatever verified their keys has verified this too. The receiving side imports as root, who may import
 * what bears no signature.
 *
 * @throws {NixError}
 */
export async function sendPaths(missing: readonly StorePath[], options: CopyOptions): Promise<void> {
  const { from, to, privilege, signal } = options;
  if (missing.length === 0) return;
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  await using sender = from.stream(exportArgv(), { signal: both });
  await using receiver = options.receiver?.begin() ?? to.stream(importArgv(privilege), { signal: both });
  sender.stdin.end(asLines(missing.map(({ path }) => path)));
  let bytes = 0;
  const errors = [lastLines(sender.stderr), lastLines(receiver.stderr)];
  receiver.stdout.resume();
  try {
    await pump(sender.stdout, receiver.stdin, (chunk) => {
      bytes += chunk.length;
      options.onProgress?.({ paths: missing.length, bytes });
    });
    const received = await receiver.exit;
    if (received.exitCode !== 0) stop.abort();
    const [sent] = await Promise.allSettled([sender.exit]);
    const failed =
      received.exitCode !== 0
        ? received.exitCode
        : sent?.status === 'fulfilled'
          ? sent.value.exitCode
          : undefined;
    if (failed === 0) return;
    throw new NixError('copy', to.name, {
      exitCode: failed,
      lastLines: explain((await Promise.all(errors)).flat(), to.name),
    });
  } finally {
    stop.abort();
  }
}

/** Reads paths on its input, and writes them as an import reads them. */
export function exportArgv(): readonly string[] {
  return script('export', exportScript);
}

export function importArgv(privilege: Privilege): readonly string[] {
  return asRoot(script('import', 'exec nix-store --import > /dev/null'), privilege);
}

/** Nix says three things about a full disk and none about what to do. */
export function explain(lines: readonly string[], target: string): string[] {
  const said = lines.join('\n');
  const all = lines.slice(-20);
  if (/No space left|disk is full|ENOSPC|database or disk is full/i.test(said)) {
    return [...all, `the store of ${target} is full: collect garbage there (nix-deploy gc) or grow its disk`];
  }
  if (/lacks a (valid )?signature|lacks a signature by a trusted key/i.test(said)) {
    return [
      ...all,
      `${target} does not trust an unsigned closure: deploy as root or through sudo, or sign it with a key of its trusted-public-keys`,
    ];
  }
  return all;
}
