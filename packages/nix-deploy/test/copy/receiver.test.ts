import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { expect, it, onTestFinished, vi } from 'vitest';

import { startReceiver } from '../../src/copy/receiver.ts';

it('says what is not there, and then imports the rest of its input: one command for both', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const imported = join(folder, 'imported');
  await writeFile(join(folder, 'nix-store'), `#!/bin/sh\n[ "$1" = --import ] && cat > ${imported}\n`, {
    mode: 0o755,
  });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  await using host = localHost();

  await using receiver = startReceiver(host, { sudo: false });
  const paths = [join(folder, 'a'), imported, join(folder, 'system')];
  await writeFile(imported, '');
  expect(await receiver.unseen({ of: join(folder, 'system'), paths })).toEqual([paths[0], paths[2]]);
  const stream = receiver.begin();
  stream.stdin.end('\n\nbytes\n');
  expect(await stream.exit).toMatchObject({ exitCode: 0 });
  expect(new TextDecoder().decode(await host.readFile(imported))).toBe('\n\nbytes\n');

  // Where nothing is missing, nothing is imported.
  await using another = startReceiver(host, { sudo: false });
  expect(await another.unseen({ of: join(folder, 'system'), paths: [imported] })).toEqual([]);
});

it('does not take a nix that fails for one that lacks nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  await writeFile(join(folder, 'nix-store'), '#!/bin/sh\necho "error: database is locked" >&2\nexit 1\n', {
    mode: 0o755,
  });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  await using host = localHost();
  await using receiver = startReceiver(host, { sudo: false });
  // What was left half done lies in the store.
  await expect(receiver.unseen({ of: folder, paths: [folder] })).rejects.toThrow('did not say what it lacks');
});
