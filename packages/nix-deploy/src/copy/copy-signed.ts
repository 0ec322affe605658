import { NixError } from '../errors.ts';
import { copyArgv } from '../nix/arguments.ts';
import type { StorePath } from '../nix/path-info.ts';
import { asRoot, script } from '../target/script.ts';
import type { CopyOptions } from './send-paths.ts';
import sendScript from './send-signed.sh';
import { lastLines, pump } from './streams.ts';

/**
 * Copies the closure of `path` with the signatures of its paths, which an export leaves behind: nix on both sides speaks
 * the protocol of its ssh stores, over the hosts' own connections.
 *
 * @throws {NixError}
 */
export async function copySigned(
  path: string,
  missing: readonly StorePath[],
  { from, to, privilege, onProgress, signal }: CopyOptions,
): Promise<void> {
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  await using sender = from.stream(script('send', sendScript, ...copyArgv(path)), { signal: both });
  const serve = asRoot(script('serve', 'exec nix-store --serve --write'), privilege);
  await using receiver = to.stream(serve, { signal: both });
  const errors = [lastLines(sender.stderr), lastLines(receiver.stderr)];
  let bytes = 0;
  try {
    const answers = pump(receiver.stdout, sender.stdin);
    await pump(sender.stdout, receiver.stdin, (chunk) => {
      bytes += chunk.length;
      onProgress?.({ paths: missing.length, bytes });
    });
    const [{ exitCode }] = await Promise.all([sender.exit, receiver.exit, answers]);
    if (exitCode === 0) return;
    throw new NixError('copy', to.name, {
      exitCode,
      lastLines: (await Promise.all(errors)).flat().slice(-20),
    });
  } finally {
    stop.abort();
  }
}
