import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { expect, it, onTestFinished } from 'vitest';

import { askSwitch } from '../../src/activation/ask-switch.ts';
import { resolveOptions } from '../../src/options.ts';

const source = { storePath: '/nix/store/00000000000000000000000000000000-nixos-system-web' };
const settings = resolveOptions({ source, action: 'dry-activate' });

it('takes a dry activation that failed for no answer', async () => {
  await using host = localHost();
  const system = await mkdtemp(join(tmpdir(), 'ask-switch-'));
  onTestFinished(async () => await rm(system, { recursive: true }));
  const asked = askSwitch(host, system, settings, () => undefined);
  await expect(asked).rejects.toMatchObject({
    code: 'SWITCH_FAILED',
    restoration: 'untouched',
    exitCode: 127,
  });
  await expect(asked).rejects.toThrow('cannot say what switching to this system would do (exit code 127)');

  await mkdir(join(system, 'bin'));
  const program = '#!/bin/sh\necho would activate the configuration\n';
  await writeFile(join(system, 'bin/switch-to-configuration'), program, { mode: 0o755 });
  expect(await askSwitch(host, system, settings, () => undefined)).toBe('would activate the configuration\n');
});
