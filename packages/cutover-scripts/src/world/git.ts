import { rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { $ } from 'zx/core';

/** Milliseconds after which a lock of git's that nothing changed is one whose holder was killed. */
const lockPatience = 10_000;

/** What a git that started this program may have set for its own repository (`git rev-parse --local-env-vars`): it is above `-C`. */
const ofAnotherRepository = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_DIR',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
] as const;

/** Runs git in one repository and resolves to what it printed; rejects with zx's `ProcessOutput` where git fails. */
export type Git = (signal: AbortSignal, ...argv: string[]) => Promise<string>;

/**
 * Git in `folder`. A git that a killed runner has left behind may still be at work there: its locks are waited for, and
 * one that outlived its holder is taken away.
 */
export function gitIn(folder: string, environment: Readonly<Record<string, string>>): Git {
  return async (signal, ...argv) => {
    for (;;) {
      const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C', ...environment };
      for (const name of ofAnotherRepository) delete env[name];
      // In a process group of its own: a Ctrl-C at the terminal drains the run, and does not reach what runs.
      const output = await $({
        env,
        quiet: true,
        nothrow: true,
        detached: true,
        signal,
      })`git -C ${folder} ${argv}`;
      if (output.exitCode === 0) return output.stdout;
      const lock = /Unable to create '(.+\.lock)': File exists/.exec(output.stderr)?.[1];
      if (lock === undefined) throw output;
      await freed(lock, signal);
    }
  };
}

async function freed(lock: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const held = await unlessAbsent(stat(lock));
    if (held === undefined) return;
    if (Date.now() - held.mtimeMs > lockPatience) return await rm(lock, { force: true });
    await delay(50, undefined, { signal });
  }
}
