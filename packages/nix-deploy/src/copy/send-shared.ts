import type { Host } from '@cutover/host';

import { NixError } from '../errors.ts';
import type { StorePath } from '../nix/path-info.ts';
import { asLines, sizeOf } from './closure.ts';
import { lastLines } from './streams.ts';
import { type CopyOptions, exportArgv, explain, importArgv, sendPaths } from './send-paths.ts';

/** What several targets of a fleet lack, exported once: which paths → their bytes. */
export type SharedExports = Map<string, Promise<Uint8Array>>;

/** A larger export, or one more than this, is not kept in memory: it is made again for each target. */
const keptBytes = 32 * 1024 * 1024;
const keptExports = 4;

/** Like `sendPaths`, with an export that other targets have in common. @throws {NixError} */
export async function sendShared(
  exports: SharedExports,
  missing: readonly StorePath[],
  options: CopyOptions,
): Promise<void> {
  const { from, to, privilege, signal, onProgress } = options;
  if (missing.length === 0 || sizeOf(missing) > keptBytes) return await sendPaths(missing, options);
  const list = asLines(missing.map(({ path }) => path));
  const known = exports.get(list);
  if (known === undefined && exports.size >= keptExports) return await sendPaths(missing, options);
  const exporting = known ?? exported(from, list, signal);
  exports.set(list, exporting);
  const bytes = await exporting;
  await using receiver = options.receiver?.begin() ?? to.stream(importArgv(privilege), { signal });
  receiver.stdout.resume();
  const said = lastLines(receiver.stderr);
  receiver.stdin.end(bytes);
  const { exitCode } = await receiver.exit;
  onProgress?.({ paths: missing.length, bytes: bytes.length });
  if (exitCode === 0) return;
  throw new NixError('copy', to.name, { exitCode, lastLines: explain(await said, to.name) });
}

async function exported(from: Host, list: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { exitCode, stderr, stdoutBytes } = await from.run(exportArgv(), {
    input: list,
    reject: false,
    maxOutput: 2 * keptBytes,
    signal,
  });
  if (exitCode === 0) return stdoutBytes;
  throw new NixError('copy', from.name, { exitCode, lastLines: stderr.trim().split('\n').slice(-20) });
}
