import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRigConfig } from '@cutover/loops';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rehearsalFact } from '../../src/rehearsal/rehearsal-fact.ts';
import { rehearsalSteps } from '../../src/rehearsal/rehearsal-steps.ts';
import { rehearsalName, scratchRef, scratchRig } from '../../src/rehearsal/scratch-configs.ts';
import type { World } from '../../src/world/world.ts';

const example = join(import.meta.dirname, '../../../../examples/cutover/loops.yaml');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-rehearsal-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('the rig of a rehearsal starts no agent, and writes to no ref of the real one', async () => {
  const real = `${await readFile(example, 'utf8')}\nnotify: [{ command: [curl, https://page.me], events: [up] }]\n`;
  const text = scratchRig(real, 'vm-rehearsal');
  const written = parse(text);
  expect(text).not.toContain('claude');
  expect(text).not.toContain('page.me');
  expect(Object.keys(written.loops)).toEqual(['builder', 'adversary', 'watchdog', 'orchestrator']);
  expect(written.ownership).toMatchObject({ owner: 'vm-rehearsal', ref: scratchRef });
  expect(written.phases.repository).toBeUndefined();
  const file = join(folder, 'loops.yaml');
  await writeFile(file, text);
  const rig = await loadRigConfig(file);
  expect(rig.loops.map(({ command }) => command)).toEqual(rig.loops.map(() => ['sleep', 'infinity']));
});

test('its steps need only each other, change nothing on the old host, and pass no commit point', async () => {
  const steps = rehearsalSteps(await loadRigConfig(example));
  const ids = steps.map(({ id }) => id);
  const dangling = steps.flatMap(({ id, needs = [], holdsUntil = id }, index) => [
    ...needs.filter((need) => !ids.slice(0, index).includes(need.id)).map((need) => `${id} needs ${need.id}`),
    ...(ids.includes(holdsUntil) ? [] : [`${id} holds until ${holdsUntil}`]),
  ]);
  expect(dangling).toEqual([]);
  expect(steps.filter(({ commitPoint, gate }) => commitPoint !== undefined || gate !== undefined)).toEqual(
    [],
  );
  for (const real of ['record-owner', 'release-ownership', 'quiesce-old', 'grant-ownership', 'log-agent-in'])
    expect(ids).not.toContain(real);
  for (const tried of ['create-instance', 'deploy', 'clone-repositories', 'start-new', 'after-reboot'])
    expect(ids).toContain(tried);
});

test('its instance has a name of its own, which is a host name', () => {
  expect(rehearsalName('vm')).toBe('vm-rehearsal');
  expect(rehearsalName('a'.repeat(63))).toHaveLength(63);
});

test('the gate is told of the last rehearsal: none, failed, long ago, or ok', async () => {
  const world = { workDirectory: join(folder, 'work') } as World;
  expect(await rehearsalFact(world)).toContain('WARNING: never rehearsed');
  const keep = (result: object): Promise<void> =>
    writeFile(join(folder, 'rehearsal.json'), JSON.stringify({ seconds: 1, steps: {}, ...result }));
  await keep({ at: '2026-11-02T10:00:00.000Z', result: 'failed', step: 'deploy' });
  expect(await rehearsalFact(world)).toBe('WARNING: the last one on 2026-11-02 ended failed at deploy');
  await keep({ at: '2026-11-02T10:00:00.000Z', result: 'ok' });
  expect(await rehearsalFact(world, Date.parse('2026-11-03'))).toBe('ok on 2026-11-02');
  expect(await rehearsalFact(world, Date.parse('2026-12-03'))).toContain('WARNING: ok, but on 2026-11-02');
});
