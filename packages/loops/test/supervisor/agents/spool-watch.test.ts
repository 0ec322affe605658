import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SpoolWatch } from '../../../src/supervisor/agents/spool-watch.ts';

it('takes what hooks have told past what cannot be read: an agent may put there what it likes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spool-'));
  const heard: string[] = [];
  const failures: unknown[] = [];
  using spool = SpoolWatch.open(
    folder,
    async ({ run, json }) => void heard.push(`${run} ${json}`),
    (work) => void work().catch((error: unknown) => failures.push(error)),
  );
  await mkdir(join(folder, 'run.1.json', 'below'), { recursive: true });
  await writeFile(join(folder, 'run.2.json'), '{}');
  // These would be read without end, and that one refers to itself.
  execFileSync('mkfifo', [join(folder, 'run.3.json')]);
  await symlink('/dev/zero', join(folder, 'run.4.json'));
  await symlink('run.5.json', join(folder, 'run.5.json'));
  await spool.take();
  expect(heard.at(-1)).toBe('run {}');
  expect(await readdir(folder)).toEqual([]);
  expect(failures).toEqual([]);
  await rm(folder, { recursive: true });
});

it('takes in the order in which their processes began what the clock of a filesystem cannot tell apart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spool-'));
  const pids = ['7', '10', '8+', '1000', '9', '999'];
  for (const pid of pids) {
    const path = join(folder, `run.${pid}.json`);
    await writeFile(path, pid);
    await utimes(path, 1000, 1000);
  }
  const heard: string[] = [];
  using spool = SpoolWatch.open(
    folder,
    async ({ json }) => void heard.push(json),
    () => {},
  );
  await spool.take();
  expect(heard).toEqual(['7', '8+', '9', '10', '999', '1000']);
  await rm(folder, { recursive: true });
});

it('waits where its folder cannot be watched, and takes what is there once it can', async () => {
  const above = await mkdtemp(join(tmpdir(), 'spool-'));
  const folder = join(above, 'spool');
  await writeFile(folder, 'no folder');
  const heard: string[] = [];
  using spool = SpoolWatch.open(
    folder,
    async ({ json }) => void heard.push(json),
    (work) => void work(),
  );
  await spool.take();
  await rm(folder);
  await mkdir(folder);
  await writeFile(join(folder, 'run.1.json'), 'one');
  await spool.take();
  await writeFile(join(folder, 'run.2.json'), 'two');
  await expect.poll(() => heard).toEqual(['one', 'two']);
  await rm(above, { recursive: true });
});
