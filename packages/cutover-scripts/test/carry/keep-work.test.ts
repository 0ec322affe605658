import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keepWork, keptWork } from '../../src/carry/keep-work.ts';
import { saveWork } from '../../src/phases/rollback/stop-new.ts';
import { stepContext } from '../fixture/step-context.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

const signal = AbortSignal.timeout(600_000);
let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
beforeEach(async () => {
  await hosts.reset();
  await git('remote', 'set-url', 'origin', join(hosts.root, 'forge/work.git'));
});
afterAll(() => hosts[Symbol.asyncDispose]());

const here = () => hosts.new.clone;
const git = (...argv: string[]) => hosts.git(here(), ...argv);
const atForge = (...argv: string[]) => hosts.git(join(hosts.root, 'forge/work.git'), ...argv);
const commit = (message: string) => git('commit', '--quiet', '--allow-empty', '--message', message);
const look = async () => keptWork(await hosts.world.targetRig(signal), here(), 'run-1', signal);
const keep = async () =>
  keepWork(await hosts.world.targetRig(signal), { path: here(), branch: 'main' }, 'run-1', signal);

test('a commit that was not pushed, with the rig stopped by whatever, goes to the forge on the way back', async () => {
  await commit('only here');
  const found = await saveWork.check?.(stepContext(hosts.world));
  expect(found).toMatchObject({ state: 'absent', evidence: { kept: { [here()]: expect.any(String) } } });
  await saveWork.apply?.(stepContext(hosts.world));
  expect(await saveWork.check?.(stepContext(hosts.world))).toMatchObject({ state: 'satisfied' });
  expect(await atForge('log', '-1', '--format=%s', 'main')).toBe('only here');
});

test('work that fits no branch is named by the ref at the forge; one in the clone, or from before it, keeps nothing', async () => {
  await writeFile(join(here(), 'half'), 'first');
  await git('update-ref', 'refs/salvage/cutover-run-1', 'HEAD');
  expect((await look()).state).toBe('only here');
  await keep();
  const first = await look();
  const [, ref = ''] = /^(refs\/salvage\/cutover-run-1-\w+) \(\w+\)/.exec(first.where) ?? [];
  expect(await atForge('show', `${ref}:half`)).toBe('first');
  await writeFile(join(here(), 'half'), 'second');
  expect((await look()).state).toBe('only here');
  await keep();
  const second = await look();
  expect([first.state, second.state]).toEqual(['kept', 'kept']);
  expect(second.where).not.toBe(first.where);
});

test('a forge that does not answer keeps nothing', async () => {
  await writeFile(join(here(), 'half'), 'half-written');
  await git('remote', 'set-url', 'origin', join(hosts.root, 'forge/gone.git'));
  await expect(keep()).rejects.toThrow(/gone\.git/);
  await expect(look()).rejects.toThrow(/gone\.git/);
});
