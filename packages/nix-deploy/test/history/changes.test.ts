import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createHost, localHost, spawnOn } from '@cutover/host';
import { expect, it, onTestFinished, vi } from 'vitest';

import { changesOf, parseClosures } from '../../src/history/changes.ts';

/** Puts a nix-store before the real one, for the test that is under way. */
async function useNixStore(program: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'changes-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  await writeFile(join(folder, 'nix-store'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}

it('parseClosures reads each system with its own closure', () => {
  const text = 'closure /s/a\n/s/x 5\n/s/a 7\nclosure /s/b\n/s/b 1\n';
  expect([...parseClosures(text)]).toEqual([
    [
      '/s/a',
      [
        { path: '/s/x', narSize: 5 },
        { path: '/s/a', narSize: 7 },
      ],
    ],
    ['/s/b', [{ path: '/s/b', narSize: 1 }]],
  ]);
});

it('what a system changed is unknown where nix cannot be asked about it to the end, and not that all is gone', async () => {
  await useNixStore(`case "$*" in
  *--size*one-half*) echo 1; exit 1 ;;
  *--size*) echo 1 ;;
  *gone*) echo "error: path '$3' is not valid" >&2; exit 1 ;;
  *) echo "$3" ;;
esac`);
  await using host = localHost();
  const systems = ['a-1', 'a-2', 'gone-3', 'a-4', 'one-half-5', 'a-6', 'a-7'].map(
    (name) => `/nix/store/${'1'.repeat(32)}-${name}`,
  );
  const changes = await changesOf(host, systems, { sudo: false });
  const isKnown = changes.map((change) => change !== undefined);
  expect(isKnown).toEqual([false, true, false, false, false, false, true]);
});

it('asks for the closures of some generations at a time: one answer could not hold those of hundreds', async () => {
  await useNixStore('[ "$2" = --size ] && echo 1 || echo "$3"');
  await using local = localHost();
  const asked: number[] = [];
  const host = createHost({
    name: 'web',
    spawn: async (command) => {
      asked.push(command.argv.filter((word) => word.startsWith('/nix/store/')).length);
      return await spawnOn(local, command);
    },
  });
  const systems = Array.from({ length: 42 }, (_, index) => `/nix/store/${'1'.repeat(32)}-system-${index}`);
  const changes = await changesOf(host, systems, { sudo: false });
  expect(asked).toEqual([20, 21, 3]);
  expect(changes).toHaveLength(42);
  for (const [index, change] of changes.entries()) {
    expect(change?.packages).toEqual(
      index === 0
        ? undefined
        : [{ name: 'system', before: [String(index - 1)], after: [String(index)], size: 0 }],
    );
  }
});
