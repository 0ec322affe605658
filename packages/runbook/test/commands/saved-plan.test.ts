import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planFile } from '../../src/commands/saved-plan.ts';
import { filesOf } from '../engine/toy.ts';
import { buildToyCommand, toyCommand, type ToyScript } from './toy-command.ts';

let script: ToyScript;
beforeAll(async () => {
  script = await buildToyCommand();
});
afterAll(() => script[Symbol.asyncDispose]());

test('a saved plan runs in the world that it was saved in, and goes on in one that it changed itself', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const saved = join(command.toy.stateDirectory, '..', 'plan.json');
  expect((await command.run('plan', '--save', saved)).stdout).toContain(`--plan ${saved}`);
  expect(await command.run('run', '--plan', saved, '--until', 'step-1')).toMatchObject({ code: 0 });
  await writeFile(`${command.toy.world.directory}-owner`, 'new');
  expect(await command.run('run', '--plan', saved)).toMatchObject({ code: 0 });
  expect(await filesOf(command.toy)).toEqual(['step-1', 'step-2']);
});

test('the command that runs a saved plan can be typed as it is printed', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  const folder = join(command.toy.stateDirectory, '..');
  const saved = join(folder, "Ada's plan");
  expect((await command.run('plan', '--save', saved)).stdout).toContain(
    String.raw`--plan '${folder}/Ada'\''s plan'`,
  );
  expect([planFile('cafe'), planFile('cafe.json')]).toEqual(['./cafe', 'cafe.json']);
});

test('a plan says where each step works, and what the world is where it was asked to look', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  const plan = await command.run('plan');
  expect(plan.stdout).toContain('step-1  write step-1 · disk, memory');
  expect(plan.stdout).not.toContain('The world now');
  const looked = await command.run('plan', '--look');
  expect(looked.stdout).toContain('The world now:\n  owner: old');
  const { hash, steps, world } = JSON.parse((await command.run('plan', '--look', '--json')).stdout);
  expect(plan.stdout).toContain(hash.slice(0, 12));
  expect({ steps, world }).toMatchObject({ steps: [{ on: ['disk', 'memory'] }], world: { owner: 'old' } });
});

test('a saved plan is refused when the world has moved, and says what moved', async () => {
  await using command = await toyCommand(script, { steps: 2 });
  const saved = join(command.toy.stateDirectory, '..', 'plan.json');
  await command.run('plan', '--save', saved);
  const owner = `${command.toy.world.directory}-owner`;
  await writeFile(owner, 'another');
  const { code, stderr } = await command.run('run', '--plan', saved);
  expect(code).toBe(12);
  expect(stderr).toContain('the world has moved: owner: old → another');
  expect(await filesOf(command.toy)).toEqual([]);
  await rm(owner);
  expect(await command.run('run', '--plan', saved)).toMatchObject({ code: 0 });
});

test('a file that is no saved plan is told from one that is missing', async () => {
  await using command = await toyCommand(script, { steps: 1 });
  const file = join(command.toy.stateDirectory, '..', 'other.json');
  const missing = await command.run('run', '--plan', file);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('neither a hash nor a file') });
  await writeFile(file, '{}');
  const other = await command.run('run', '--plan', file);
  expect(other).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is not a plan that `plan --save` wrote'),
  });
});
