import { writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectAgainstForge } from '../../src/carry/forge-heads.ts';
import { moveOf } from '../fixture/move.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts({ loop: true, quiesceTimeout: 60_000 });
  await hosts.program('crontab', 'exit 0');
  Object.assign(hosts.world.settings.old, { references: 'references' });
});
afterAll(() => hosts[Symbol.asyncDispose]());

test('clones are seen as they stand to the forge, which is asked from here', async () => {
  const { world } = hosts;
  const url = world.forge.url('work');
  const look = async (path: string, at = url) => {
    const wanted = [{ path, url: at, branch: 'main' }];
    const [state] = await inspectAgainstForge(world, wanted, AbortSignal.timeout(30_000));
    return state;
  };
  const head = await hosts.git(hosts.new.clone, 'rev-parse', 'HEAD');
  expect(await look(hosts.new.clone)).toEqual({
    path: hosts.new.clone,
    state: 'current',
    head,
    remoteHead: head,
  });
  expect(await look(join(hosts.root, 'nowhere'))).toMatchObject({ state: 'absent' });
  expect(await look(hosts.new.clone, join(hosts.root, 'forge/owner.git'))).toMatchObject({
    state: 'foreign',
  });
  await hosts.git(hosts.old.clone, 'commit', '--quiet', '--allow-empty', '--message', 'more');
  await hosts.git(hosts.old.clone, 'push', '--quiet', 'origin', 'HEAD:main');
  expect(await look(hosts.new.clone)).toMatchObject({ state: 'behind', head });
});

test('what changes after it was carried ahead is carried when the old rig is stopped', async () => {
  const move = moveOf(hosts);
  const [there, here] = [hosts.old, hosts.new].map(({ workspace }) => join(workspace, 'references'));
  await mkdir(String(there));
  await writeFile(join(String(there), 'one'), 'as it was');
  await writeFile(join(String(there), 'two'), 'stays');
  await hosts.owned('held', 'pi');
  await move.launch('start');
  const { outcome, events } = await move.run({
    onEvent({ type, step }) {
      if (type === 'verified' && step === 'carry-ahead')
        writeFileSync(join(String(there), 'one'), 'as it is');
    },
  });
  expect(outcome).toEqual({ result: 'ok' });
  const carried = await Promise.all(['one', 'two'].map((name) => readFile(join(String(here), name), 'utf8')));
  expect(carried).toEqual(['as it is', 'stays']);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'verified', step: 'last-sync', how: 'applied' }),
  );
  await move.endNew();
});
