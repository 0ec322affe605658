import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';

import { closureOf, sized } from '../../src/copy/closure.ts';

/** In the place of the real one: it counts how often it is started. */
const standIn = `#!/bin/sh
echo started >> "$(dirname "$0")/log"
case "$2 $#" in
  '--requisites 3') [ -e "$3" ] && printf '/store/lib\\n%s\\n' "$3" || { echo 'it is not valid' >&2; exit 1; } ;;
  '--size '*) printf '12\\n34\\n' ;;
esac
`;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'closure-'));
  await writeFile(join(folder, 'nix-store'), standIn, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
});

it('is told with its parts and its sizes', async () => {
  const system = join(folder, 'system');
  await mkdir(system);
  await writeFile(join(system, 'kernel'), 'a kernel');
  await using here = localHost();
  const closure = await closureOf(here, system);
  expect(closure.paths).toEqual(['/store/lib', system]);
  expect(closure.parts).toMatchObject([{ part: 'kernel', bytes: 8 }]);
  expect(await sized(closure.paths, closure)).toEqual([
    { path: '/store/lib', narSize: 12 },
    { path: system, narSize: 34 },
  ]);
  expect((await here.readFile(join(folder, 'log'))).length).toBe('started\n'.length * 2);
});

it('has no parts where it is that of a derivation', async () => {
  const derivation = join(folder, 'x.drv');
  await writeFile(derivation, '');
  await using here = localHost();
  const closure = await closureOf(here, derivation);
  expect(closure.parts).toEqual([]);
  expect((await sized([derivation], closure))[0]?.narSize).toBe(34);
});

it('that nix cannot tell is an error with its words', async () => {
  await using here = localHost();
  await expect(closureOf(here, join(folder, 'none'))).rejects.toThrow(/exit code 1\): it is not valid/);
});
