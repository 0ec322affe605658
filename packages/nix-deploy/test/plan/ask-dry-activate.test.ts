import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { expect, it, onTestFinished, vi } from 'vitest';

import { resolveOptions } from '../../src/options.ts';
import { askDryActivate } from '../../src/plan/activation-preview.ts';

it('plans without the word of a system that does not give it within a minute', async () => {
  await using host = localHost();
  const system = await mkdtemp(join(tmpdir(), 'dry-activate-'));
  onTestFinished(async () => await rm(system, { recursive: true }));
  await mkdir(join(system, 'bin'));
  const begun = join(system, 'begun');
  const program = `#!/bin/sh\n: > ${begun}\nexec sleep 600\n`;
  await writeFile(join(system, 'bin/switch-to-configuration'), program, { mode: 0o755 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const source = { storePath: `/nix/store/${'0'.repeat(32)}-nixos-system` };
  const asked = askDryActivate(host, system, resolveOptions({ source }));
  asked.catch(() => undefined);
  await host.run(['sh', '-c', 'until [ -e "$1" ]; do sleep 0.02; done', 'sh', begun]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await asked).toBeUndefined();
});
