import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineEvent, JournalEntry } from '@cutover/runbook';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newHostName } from '../../../src/rehearse/settings.ts';
import { expectOk, stageCutover, type Staged } from './staged.ts';

let staged: Staged;
beforeAll(async () => {
  staged = await stageCutover({ stage: false });
}, 900_000);
afterAll(() => staged[Symbol.asyncDispose]());

/** Where runners were killed so far, e.g. `applied deploy`. No list is written by hand: the journal says where there is one. */
const killed = new Set<string>();

/** Kills at each line of the journal that is the first of its kind for its step, and once more amid each apply and undo. */
function killAt(event: EngineEvent): boolean | number {
  if (!('seq' in event) || event.type === 'run.ended') return false;
  const line = 'step' in event ? `${event.type} ${event.step}` : event.type;
  for (const [where, later] of [
    [line, 0],
    ...(event.type === 'intent' || event.type === 'undo.intent'
      ? [[`amid ${line}`, 50 + Math.random() * 450]]
      : []),
  ] as [string, number][]) {
    if (killed.has(where)) continue;
    killed.add(where);
    return later === 0 ? true : later;
  }
  return false;
}

/** Runs to the end, by as many runners as it takes. */
async function throughKills(argv: readonly string[]): Promise<void> {
  let end = await staged.cutover(argv, { killAt });
  while (end.killed) {
    const again = await staged.cutover(['resume'], { killAt });
    // One that had not begun has nothing to resume.
    end = again.exitCode === 2 ? await staged.cutover(argv, { killAt }) : again;
  }
  expectOk(end);
}

async function journal(): Promise<JournalEntry[]> {
  const text = await readFile(join(staged.files.state, 'journal.jsonl'), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalEntry]));
}

it('a runner that is killed at every line of the journal and amid every apply: one instance, one change of owner, no commit twice', async () => {
  await throughKills(['run', '--yes']);
  expect(await staged.settled()).toBe('new');
  staged.seen();
  const instances = await staged.lab.client.project(staged.lab.project).instances.list();
  expect(instances.filter(({ config }) => 'user.cutover.name' in config)).toHaveLength(1);
  const entries = await journal();
  expect(entries.filter(({ type }) => type === 'commit')).toHaveLength(1);
  const owners = entries.flatMap((entry) => (entry.type === 'owner' ? [entry.ownerEpoch] : []));
  // The first owner on record, the release, the grant; a runner may have died between a swap and its line.
  expect(owners.filter((epoch) => ![1, 2, 3].includes(epoch))).toEqual([]);
  expect(owners.at(-1)).toBe(3);
  const log = [
    'git',
    '-c',
    'safe.directory=*',
    '-C',
    `/srv/git/${newHostName}.git`,
    'log',
    '--format=%s',
    'main',
  ];
  const subjects = (await staged.hosts.forge.host.run(log)).stdout.trim().split('\n');
  expect(subjects).toEqual([...new Set(subjects)]);
  const amid = [...killed].filter((where) => where.startsWith('amid'));
  expect(amid.length).toBeGreaterThan(20);

  await throughKills(['rollback', '--yes']);
  expect(await staged.settled()).toBe('old');
  staged.seen();
  process.stdout.write(`killed at ${killed.size} places\n`);
});
