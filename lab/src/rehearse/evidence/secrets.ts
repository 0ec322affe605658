import { createHmac, randomBytes } from 'node:crypto';
import type { Host } from '@cutover/host';
import { demand, type Facts, output, type Scene } from './evidence.ts';

/** A secret as the rehearsal knows it, from the files that the lab itself put on the old host. */
export interface ExpectedSecret {
  readonly name: string;
  /** On the old host. */
  readonly source: string;
  /** On the new host. */
  readonly path: string;
  readonly owner: string;
  /** Octal, e.g. `600`. */
  readonly mode: string;
}

/** Each secret is at its runtime path, with its owner and mode, and its content is the old host's. */
export async function secretsInPlace(
  { old, target, signal }: Scene,
  secrets: readonly ExpectedSecret[],
): Promise<Facts> {
  const key = randomBytes(32);
  const digest = async (host: Host, path: string): Promise<string> =>
    createHmac('sha256', key)
      .update(await host.readFile(path, { signal }))
      .digest('hex');
  for (const { name, source, path, owner, mode } of secrets) {
    const found = await output(target, ['stat', '--dereference', '--format=%U %a', path], signal);
    demand(found === `${owner} ${mode}`, `${name} belongs to ${owner} with mode ${mode}`, { path, found });
    const [there, here] = await Promise.all([digest(old, source), digest(target, path)]);
    demand(there === here, `${name} is equal on both hosts`, { path });
  }
  return { secrets: secrets.map(({ name }) => name) };
}

/** No object of any repository on the forge, reachable or not, holds a line of a secret in plaintext. */
export async function noPlaintextInGit(
  { old, forge, repositories: folder, signal }: Scene,
  secrets: readonly ExpectedSecret[],
): Promise<Facts> {
  const needles: { name: string; text: string }[] = [];
  for (const { name, source } of secrets) {
    const text = new TextDecoder().decode(await old.readFile(source, { signal }));
    const lines = text.split('\n').filter((line) => line.length >= 12 && !line.startsWith('-----'));
    for (const line of lines) {
      const value = line.replace(/^[A-Za-z_]+=/, '');
      needles.push(
        { name, text: value },
        { name, text: Buffer.from(value).toString('base64').replace(/=+$/, '') },
      );
    }
  }
  demand(needles.length > 0, 'there are secrets to look for');
  const repositories = (await output(forge, ['find', folder, '-maxdepth', '1', '-name', '*.git'], signal))
    .split('\n')
    .sort();
  let bytes = 0;
  for (const repository of repositories) {
    const objects = await forge.run(
      [
        'git',
        '-c',
        'safe.directory=*',
        '-C',
        repository,
        'cat-file',
        '--batch-all-objects',
        '--batch',
        '--unordered',
      ],
      { signal },
    );
    bytes += objects.stdoutBytes.length;
    const haystack = Buffer.from(objects.stdoutBytes);
    const leaked = needles.find(({ text }) => haystack.includes(text));
    demand(leaked === undefined, `no plaintext of ${leaked?.name ?? ''} in ${repository}`);
  }
  return { repositories: repositories.map((path) => path.slice(path.lastIndexOf('/') + 1)), bytes };
}
