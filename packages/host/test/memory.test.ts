import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startSshd } from '@cutover/test-support/sshd';
import { afterAll, expect, it } from 'vitest';

import { localHost, sshHost } from '../src/index.ts';

const mebibyte = 1024 * 1024;
const sshd = await startSshd();
const directory = await mkdtemp(join(tmpdir(), 'host-memory-'));
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function memory(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

it.each([
  ['here', localHost()],
  ['over ssh', sshHost(sshd.options)],
])('reads a large file %s in little more memory than it has bytes', async (_where, opened) => {
  await using host = opened;
  const size = process.env['CUTOVER_SOAK'] === undefined ? 400 : 2_200;
  const path = join(directory, 'large');
  await writeFile(path, '');
  await truncate(path, size * mebibyte);
  await host.run(['true']);
  // Sets the high-water mark to what is used now (proc(5)).
  await writeFile('/proc/self/clear_refs', '5');
  const before = await memory('VmRSS');
  const content = await host.readFile(path, { maxBytes: 4_000 * mebibyte });
  const most = (await memory('VmHWM')) - before;
  expect(content).toHaveLength(size * mebibyte);
  expect(most).toBeLessThan(size * 1.15 + 120);
});
