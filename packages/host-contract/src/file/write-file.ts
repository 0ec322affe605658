import { randomBytes } from 'node:crypto';

import { checkPath } from '../command/check-command.ts';
import { CommandAbortedError, CommandError, FileRefusedError } from '../errors.ts';
import type { Host, WriteFileOptions } from '../host.ts';
import writeFileScript from './write-file.sh';

/** `Host.writeFile` on `Host.run`. */
export async function writeFile(
  host: Pick<Host, 'name' | 'run'>,
  path: string,
  data: Uint8Array | string,
  { mode, owner = '', group = '', keepAttributes = false, signal }: WriteFileOptions,
): Promise<void> {
  const [directory, name] = splitPath(path);
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777)
    throw new TypeError(`not permission bits: ${mode}`);
  const closed = `.cutover-${randomBytes(16).toString('hex')}`;
  const bytes = Buffer.byteLength(data);
  const facts = [directory, name, bytes, mode.toString(8).padStart(4, '0'), owner, group];
  const keep = keepAttributes ? 'keep' : '';
  try {
    await host.run(['sh', '-c', writeFileScript, 'write-file', ...facts.map(String), keep, closed], {
      input: data,
      env: { LC_ALL: 'C' },
      signal,
    });
  } catch (error) {
    if (error instanceof CommandAbortedError) await removeLeft(host, `${directory}/${closed}`);
    if (!(error instanceof CommandError)) throw error;
    throw new FileRefusedError(host.name, path, reasonOf(error), { cause: error });
  }
}

/** Milliseconds. */
const patience = 5_000;

/** The script does so itself, unless it had to be killed: on a busy disk a sync can outlast the patience with TERM. */
async function removeLeft(host: Pick<Host, 'run'>, path: string): Promise<void> {
  await host.run(['rm', '-rf', '--', path], { reject: false, timeout: patience }).catch(() => undefined);
}

function splitPath(path: string): [directory: string, name: string] {
  checkPath(path, 'path');
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  if (name === '' || name === '.' || name === '..')
    throw new TypeError(`path must end in a file's name: ${path}`);
  return [path.slice(0, slash).replace(/\/+$/, '') || '/', name];
}

function reasonOf({ result }: CommandError): string {
  const lines = result.stderr.trim().split('\n');
  const reason = lines.pop() ?? '';
  if (result.exitCode !== 65)
    return `it could not be written (${result.signal ?? `exit code ${result.exitCode}`})`;
  return lines.length === 0 ? reason : `${reason} (${lines.join('; ')})`;
}
