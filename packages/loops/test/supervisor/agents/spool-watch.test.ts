import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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
  await spool.take();
  expect(heard.at(-1)).toBe('run {}');
  expect(await readdir(folder)).toEqual([]);
  expect(failures).toEqual([]);
  await rm(folder, { recursive: true });
});
