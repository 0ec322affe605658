import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastRehearsal } from '../../src/rehearsal/result.ts';
import { lock } from '../../src/journal/lock.ts';
import { openStateDirectory } from '../../src/journal/state-directory.ts';
import { exists, filesOf, runToy } from '../engine/toy.ts';
import {
  buildToyCommand,
  toyCommand,
  type ToyCommand,
  type ToyConfig,
  type ToyScript,
} from './toy-command.ts';

let script: ToyScript;
beforeAll(async () => {
  script = await buildToyCommand();
}, 60_000);
afterAll(async () => script[Symbol.asyncDispose]());

async function rehearsing(
  config: ToyConfig,
): Promise<ToyCommand & { readonly scratch: () => Promise<string[]> }> {
  const command = await toyCommand(script, config);
  const folder = `${command.toy.world.directory}-rehearsal`;
  await mkdir(folder);
  return Object.assign(command, { scratch: () => readdir(folder) });
}

test('a rehearsal does its steps, keeps what came of it, and takes everything away again', async () => {
  await using command = await rehearsing({ steps: 2 });
  expect((await command.run('rehearse')).stderr).toContain('nothing runs by default');
  const { code, stdout } = await command.run('rehearse', '--yes');
  expect(code).toBe(0);
  expect(stdout).toContain('✓ step-2 applied');
  expect(stdout).toMatch(/rehearsed in [\d.]+ s: ok/);
  expect(await command.scratch()).toEqual([]);
  expect(await filesOf(command.toy)).toEqual([]);
  expect(await lastRehearsal(command.toy.stateDirectory)).toMatchObject({
    result: 'ok',
    steps: { 'step-1': expect.any(Number), 'step-2': expect.any(Number) },
  });
  // The journal of the runbook itself knows nothing of it.
  expect((await command.run('status')).stdout).toContain('nothing has run');
});

test('one that fails is taken away as well, and says where it failed', async () => {
  await using command = await rehearsing({ steps: 3, failAt: 'step-2' });
  const { code, stdout } = await command.run('rehearse', '--yes');
  expect(code).toBe(1);
  expect(stdout).toContain('failed at step-2: it cannot be done here');
  expect(await command.scratch()).toEqual([]);
  expect(await lastRehearsal(command.toy.stateDirectory)).toMatchObject({ result: 'failed', step: 'step-2' });
});

test('what a killed rehearsal left is taken away before the next, or alone', async () => {
  await using command = await rehearsing({ steps: 3, pause: 200 });
  const killed = async (): Promise<void> => {
    const child = command.start('rehearse', '--yes', '--json');
    const closed = once(child, 'close');
    for await (const chunk of child.stdout ?? []) if (String(chunk).includes('"verified"')) break;
    child.kill('SIGKILL');
    await closed;
    expect(await command.scratch()).toContain('step-1');
  };
  await killed();
  expect((await command.run('rehearse', '--clean')).code).toBe(0);
  expect(await command.scratch()).toEqual([]);
  expect((await command.run('rehearse', '--clean')).stdout).toBe('no rehearsal has left anything\n');
  await killed();
  const next = await command.run('rehearse', '--yes');
  expect([next.code, await command.scratch()]).toEqual([0, []]);
  expect(next.stdout).toContain('what an earlier rehearsal left is taken away');
});

test('what cannot be taken away is told with how the rehearsal itself ended, and the undo gives the exit code', async () => {
  await using command = await rehearsing({ steps: 2, failUndoAt: 'step-1' });
  const { code, stdout } = await command.run('rehearse', '--yes');
  expect(code).toBe(1);
  expect(stdout).toMatch(/rehearsed in [\d.]+ s: ok\./);
  expect(stdout).toContain('not all taken away: failed at step-1: it cannot be undone here');
  expect(await command.scratch()).toEqual(['step-1']);
  const [again, clean] = [
    await command.run('rehearse', '--yes'),
    await command.run('rehearse', '--clean', '--json'),
  ];
  expect([again.code, clean.code]).toEqual([1, 1]);
  expect(clean.stdout).toContain('{"left":{"result":"failed","step":"step-1"');
});

test('a rehearsal that TERM ends is taken away, and says so by its exit code', async () => {
  await using command = await rehearsing({ steps: 5, pause: 200 });
  const child = command.start('rehearse', '--yes', '--json');
  const closed = once(child, 'close');
  let told = false;
  for await (const chunk of child.stdout ?? []) {
    if (told || !String(chunk).includes('"verified"')) continue;
    told = child.kill('SIGTERM');
  }
  expect(await closed).toEqual([143, null]);
  expect(await command.scratch()).toEqual([]);
});

test('a rehearsal that is at work is not taken away, also before it has changed anything', async () => {
  await using command = await rehearsing({ steps: 1 });
  const stateDirectory = join(command.toy.stateDirectory, 'rehearsal');
  await runToy({ ...command.toy, stateDirectory }, []);
  const directory = await openStateDirectory(stateDirectory);
  {
    await using held = await lock(directory);
    void held;
    for (const options of [['--clean'], ['--yes']]) {
      const { code, stderr } = await command.run('rehearse', ...options);
      expect([code, stderr]).toEqual([11, expect.stringContaining(`is held by`)]);
    }
    expect(await exists(directory.journal)).toBe(true);
  }
  expect((await command.run('rehearse', '--clean')).code).toBe(0);
  expect(await exists(stateDirectory)).toBe(false);
});
