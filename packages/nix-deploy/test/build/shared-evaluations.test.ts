import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { type Evaluation, evaluationsAtOnce, shareEvaluations } from '../../src/build/shared-evaluations.ts';

const path = process.env['PATH'];
let folder: string;

/** A nix that evaluates every configuration but `broken`, says when it begins and ends, and does not do two at once. */
const nix = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
mkdir running || { echo 'two at once' >> log; exit 1; }
for argument; do :; done
names=$(printf '%s' "$argument" | grep -o 'all\\."[a-z0-9]*"' | sed 's/all\\.//; s/"//g')
echo $names >> log
sleep 0.05
rmdir running
case " $names " in *broken*) echo "error: attribute 'broken' is wrong" >&2; exit 1 ;; esac
printf '{'
comma=
for name in $names; do
  printf '%s"%s": "/nix/store/%s.drv"' "$comma" "$name" "$name"
  comma=,
done
printf '}'
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluations-'));
  await writeFile(join(folder, 'nix'), nix);
  await chmod(join(folder, 'nix'), 0o755);
  process.env['PATH'] = `${folder}:${path ?? ''}`;
});
afterEach(async () => {
  process.env['PATH'] = path;
  await rm(folder, { recursive: true });
});

const of = (configuration: string, flake = 'path:/srv'): Evaluation => ({ flake, configuration });
const log = async (): Promise<string[]> =>
  (await readFile(join(folder, 'log'), 'utf8').catch(() => '')).trim().split('\n');

it('evaluates so many together, and never two processes at once', async () => {
  const all = ['a', 'b', 'c', 'd', 'e'].map((name) => of(name));
  const shared = shareEvaluations([...all, of('a')], { atOnce: 2 });
  const found = await Promise.all(all.map(async (one) => await shared.derivationOf(one)));
  // The last one is alone: on its own it is evaluated with its build, in one process.
  expect(found).toEqual(
    ['a', 'b', 'c', 'd'].map((name) => `/nix/store/${name}.drv`).concat([undefined as never]),
  );
  expect(await log()).toEqual(['a b', 'c d']);
});

it('evaluates nothing before it is asked for, and nothing twice', async () => {
  const shared = shareEvaluations([of('a'), of('b'), of('c'), of('d')], { atOnce: 2 });
  expect(await shared.derivationOf(of('c'))).toBe('/nix/store/c.drv');
  expect(await shared.derivationOf(of('d'))).toBe('/nix/store/d.drv');
  expect(await log()).toEqual(['c d']);
});

it('says nothing of those beside a broken one, which each then say for themselves', async () => {
  const shared = shareEvaluations([of('a'), of('broken')], { atOnce: 4 });
  expect(await shared.derivationOf(of('a'))).toBeUndefined();
  expect(await shared.derivationOf(of('broken'))).toBeUndefined();
});

it('takes configurations of another flake, or with other options, for others', async () => {
  const shared = shareEvaluations([of('a'), of('b'), of('a', 'path:/other')], { atOnce: 4 });
  expect(await shared.derivationOf(of('a', 'path:/other'))).toBeUndefined();
  expect(await shared.derivationOf({ ...of('a'), nixOptions: ['--refresh'] })).toBeUndefined();
});

it('keeps within the memory that is free', () => {
  expect([0, 1e9, 2.5e9, 64e9].map(evaluationsAtOnce)).toEqual([1, 1, 5, 16]);
});
