import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRigConfig } from '@cutover/loops';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { agreementChecks } from '../../src/preflight/agreement.ts';
import type { World } from '../../src/world/world.ts';

const { signal } = new AbortController();
const examples = new URL('../../../../examples/cutover/', import.meta.url);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agreement-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** What the check of that name says of the example's files, after `change` was made to `loops.yaml`. */
async function look(
  name: string,
  change: (text: string) => string,
  { secretHost = 'pi', settings = (text: string) => text } = {},
) {
  const config = join(folder, 'cutover.yaml');
  await writeFile(config, settings(await readFile(new URL('cutover.yaml', examples), 'utf8')));
  const loops = join(folder, 'loops.yaml');
  await writeFile(loops, change(await readFile(new URL('loops.yaml', examples), 'utf8')));
  const used = {
    settings: await loadConfig(config),
    rig: await loadRigConfig(loops),
    secrets: { secrets: [{ name: 'testenv', kind: 'env', source: { host: secretHost, path: '/x' } }] },
    forge: { url: (repository: string) => `ssh://git@git.example.org/srv/git/${repository}.git` },
  };
  const check = agreementChecks(used as unknown as World).find((one) => one.name === name);
  return check?.look(signal);
}

test('the files of the example agree', async () => {
  expect(await look('loops.yaml agrees', (text) => text)).toMatchObject({ ok: true });
  expect(await look('secrets.yaml agrees', (text) => text)).toMatchObject({ ok: true });
});

test.each([
  [
    'no ownership',
    /ownership:\n(?: {2}.*\n)+/,
    '',
    /ownership\.owner is not there, and must be cc-ci-orchestrator/,
  ],
  ['another owner', /owner: .*/, 'owner: another', /ownership\.owner is another/],
  [
    'another remote',
    /remote: ssh.*cc-ci\.git\n {2}owner/,
    'remote: /elsewhere\n  owner',
    /ownership\.remote is \/elsewhere/,
  ],
  ['another workspace', /workspace: .*/, 'workspace: /srv/another', /workspace is \/srv\/another/],
  ['another resume point', /mirror: .*/, 'mirror: elsewhere', /phases\.mirror is \/srv\/cc-ci\/elsewhere/],
  ['no orchestrator', /^ {2}orchestrator:/m, '  another:', /has no loop orchestrator/],
])('a loops.yaml with %s is not taken', async (_, from, to, reason) => {
  const found = await look('loops.yaml agrees', (text) => text.replace(from, to));
  expect(found).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
});

test('a secret of a host that is not the old one is named', async () => {
  expect(await look('secrets.yaml agrees', (text) => text, { secretHost: 'ip' })).toMatchObject({
    ok: false,
    reason: expect.stringContaining('testenv: source.host must be pi'),
  });
});

/** A rig that counts no plan phases. */
const unphased = (text: string): string => text.replace(/^phases:\n(?: {2}.*\n)+/m, '');
const noResumePoint = (text: string): string => text.replace(/ {2}resumePoint: .*\n/, '');

test.each([
  [
    'claims of a rig without plan phases',
    noResumePoint,
    /handoff\.proof is verdict, and claims are counted by plan phases: .* or say proof: commit/,
  ],
  [
    'work in a repository that is not cloned',
    (text: string) =>
      noResumePoint(text).replace(
        'handoff:\n  repository: cc-ci',
        'handoff:\n  proof: commit\n  repository: other',
      ),
    /handoff\.repository: no clone of other is among the repositories/,
  ],
])('a handoff that can never be seen is found out before: %s', async (_, settings, reason) => {
  expect(await look('loops.yaml agrees', unphased, { settings })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(reason),
  });
});

test('a rig without plan phases, claims and an orchestrator is one too', async () => {
  const settings = (text: string): string =>
    noResumePoint(text)
      .replace('orchestrator:\n  loop: orchestrator\n', '')
      .replace('handoff:\n', 'handoff:\n  proof: commit\n');
  const change = (text: string): string => unphased(text).replace(/^ {2}orchestrator:\n(?: {4}.*\n)+/m, '');
  expect(await look('loops.yaml agrees', change, { settings })).toMatchObject({ ok: true });
});
