import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { makeRepository } from '../git.ts';
import { temporaryDirectory } from '../temporary.ts';

/** Secrets of a source, a repository to move them to, and a runtime directory, all below one folder. */
export interface MoveWorld {
  readonly root: string;
  readonly source: string;
  readonly repository: string;
  /** The path of the `secrets.yaml`. */
  readonly config: string;
  readonly bootstrapKey: string;
  readonly runtime: string;
}

/** @param content - of each secret, by its name; `token` goes into a YAML file, the others into files of their own. */
export async function moveWorld(content: Readonly<Record<string, string>>): Promise<MoveWorld> {
  const root = await temporaryDirectory();
  const [source, repository, runtime] = ['source', 'repository', 'run'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [source, repository]) await mkdir(directory);
  makeRepository(repository);
  const bootstrapKey = join(root, 'key', 'age.txt');
  const config = join(root, 'secrets.yaml');
  const secrets = Object.keys(content).map((name) => ({
    name,
    source: { host: 'pi', path: join(source, name) },
    ...(name === 'token' ? { file: 'secrets/all.yaml', key: 'token' } : { file: `secrets/${name}.sops` }),
    path: join(runtime, name),
  }));
  for (const [name, text] of Object.entries(content)) await writeFile(join(source, name), text);
  await writeFile(config, stringify({ repository, bootstrapKey, secrets }));
  return { root, source, repository, config, bootstrapKey, runtime };
}

/** Puts an executable `name` before the real one: a shell script that finds the real one in `$real`. */
export async function shim(directory: string, name: string, script: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\nreal=${real}\n${script}\n`);
  await chmod(path, 0o755);
}
