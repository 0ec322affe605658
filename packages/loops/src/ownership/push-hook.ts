import { access, chmod, constants, mkdir, readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import type { Host } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { git } from '../git/git.ts';
import { leaseFile } from './lease-file.ts';
import script from './pre-push.sh';

const mark = '# Installed by loops: docs/ownership.md of @cutover/loops says why.';

/**
 * Installs the pre-push hook in a clone, before a hook that is there already, which it then runs. Nothing is done where
 * there is no clone.
 */
export async function installPushHook(host: Host, config: RigConfig, clone: string): Promise<void> {
  const found = await git({ host, repository: clone }, ['rev-parse', '--git-path', 'hooks'], {
    reject: false,
  });
  if (found.exitCode !== 0) return;
  const hooks = resolve(clone, found.stdout.trimEnd());
  const program = join(config.stateDir, 'pre-push.sh');
  const hook = join(hooks, 'pre-push');
  const words = [program, leaseFile(config), `${hook}.before-loops`].map(quote).join(' ');
  const wanted = `#!/bin/sh\n${mark}\nexec sh ${words} "$@"\n`;
  if ((await unlessAbsent(readFile(program, 'utf8'))) !== script)
    await writeFileDurably(program, script, { mode: 0o644 });
  const there = await unlessAbsent(readFile(hook, 'utf8'));
  if (there === wanted) return;
  await mkdir(hooks, { recursive: true });
  if (there !== undefined && !there.includes(mark)) await keepOther(hook);
  await writeFileDurably(hook, wanted, { mode: 0o755 });
}

/** git does not run a hook without its execute permission, so neither do we. */
async function keepOther(hook: string): Promise<void> {
  const runs = await access(hook, constants.X_OK).then(
    () => true,
    () => false,
  );
  await rename(hook, `${hook}.before-loops`);
  if (!runs) await chmod(`${hook}.before-loops`, 0o644);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
