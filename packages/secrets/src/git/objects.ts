import type { Host } from '@cutover/host';
import { SecretsError } from '../errors.ts';
import type { GitRepository } from './repository.ts';

/** An object of a git repository. */
export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly content: Buffer;
}

/**
 * Reads objects by `git cat-file --batch`: a line `id type size`, then the bytes and a newline.
 *
 * @param which - `all` objects of the repository, or those of these ids.
 * @throws {SecretsError} `SCAN_FAILED`: git ended early, or there is no such object.
 */
export async function* readObjects(
  { host, argv, signal }: GitRepository,
  which: 'all' | readonly string[],
): AsyncGenerator<GitObject> {
  const all = which === 'all' ? ['--batch-all-objects', '--unordered'] : [];
  const ids = which === 'all' ? [] : which;
  await using command = host.stream(argv(['cat-file', ...all, '--batch', '--buffer']), signal && { signal });
  command.stdin.end(ids.map((id) => `${id}\n`).join(''));
  const errors: Buffer[] = [];
  command.stderr.on('data', (chunk: Buffer) => void (errors.length < 16 && errors.push(chunk)));
  let held = Buffer.alloc(0);
  let need: { id: string; type: string; size: number } | undefined;
  let chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of command.stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (need !== undefined && length < need.size + 1) continue;
    held = Buffer.concat(chunks);
    let at = 0;
    for (;;) {
      if (need === undefined) {
        const end = held.indexOf(0x0a, at);
        if (end < 0) break;
        const [id = '', type = '', size = ''] = held.toString('latin1', at, end).split(' ');
        if (!/^\d+$/.test(size)) throw failed(host, 'git answered with something that is not an object');
        need = { id, type, size: Number(size) };
        at = end + 1;
      }
      if (held.length < at + need.size + 1) break;
      yield { id: need.id, type: need.type, content: held.subarray(at, at + need.size) };
      at += need.size + 1;
      need = undefined;
    }
    held = held.subarray(at);
    chunks = [held];
    length = held.length;
  }
  const exit = await command.exit;
  if (exit.exitCode !== 0 || need !== undefined || length > 0) {
    throw failed(
      host,
      `git cat-file ended early: ${Buffer.concat(errors).toString('utf8').slice(0, 300).trim()}`,
    );
  }
}

function failed(host: Host, what: string): SecretsError {
  return new SecretsError('SCAN_FAILED', what, { host: host.name });
}
