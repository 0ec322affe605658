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
async function look(name: string, change: (text: string) => string, secretHost = 'pi') {
  const loops = join(folder, 'loops.yaml');
  await writeFile(loops, change(await readFile(new URL('loops.yaml', examples), 'utf8')));
  const used = {
    settings: await loadConfig(new URL('cutover.yaml', examples).pathname),
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
  expect(await look('secrets.yaml agrees', (text) => text, 'ip')).toMatchObject({
    ok: false,
    reason: expect.stringContaining('testenv: source.host must be pi'),
  });
});
