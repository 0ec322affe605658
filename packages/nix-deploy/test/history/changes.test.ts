import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createHost, localHost, spawnOn } from '@cutover/host';
import { expect, it, onTestFinished, vi } from 'vitest';

import { changesOf, parseClosures } from '../../src/history/changes.ts';

it('parseClosures reads each system with its own closure, and one that is gone as empty', () => {
  const text = 'closure /s/a\n/s/x 5\n/s/a 7\nclosure /s/gone\nclosure /s/b\n/s/b 1\n';
  expect([...parseClosures(text)]).toEqual([
    [
      '/s/a',
      [
        { path: '/s/x', narSize: 5 },
        { path: '/s/a', narSize: 7 },
      ],
    ],
    ['/s/gone', []],
    ['/s/b', [{ path: '/s/b', narSize: 1 }]],
  ]);
});

it('asks for the closures of some generations at a time: one answer could not hold those of hundreds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'changes-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const program = '#!/bin/sh\n[ "$2" = --size ] && echo 1 || echo "$3"\n';
  await writeFile(join(folder, 'nix-store'), program, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
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
