import { once } from 'node:events';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JournalEntry } from '../../src/journal/entry.ts';
import { readJournal } from '../../src/journal/read.ts';
import { buildToyCommand, toyCommand, type ToyCommand, type ToyScript } from '../commands/toy-command.ts';
import { filesOf } from './toy.ts';

const soak = Boolean(process.env['CUTOVER_SOAK']);
const steps = 5;
const done = Array.from({ length: steps }, (_, index) => `step-${index + 1}`);

let script: ToyScript;
beforeAll(async () => {
  script = await buildToyCommand();
});
afterAll(async () => script[Symbol.asyncDispose]());

/** After any number of kills: every step done once and whole, the journal sound, each verified step begun first. */
async function expectSameEnd(command: ToyCommand): Promise<void> {
  const { code, stdout, stderr } = await command.run('run', '--yes');
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  expect(await filesOf(command.toy)).toEqual(done);
  for (const id of done)
    expect(await readFile(join(command.toy.world.directory, id), 'utf8')).toBe(`${id} done`);
  const entries: JournalEntry[] = [];
  await readJournal(join(command.toy.stateDirectory, 'journal.jsonl'), (entry) => entries.push(entry));
  for (const id of done) {
    const own = entries.filter((entry) => 'step' in entry && entry.step === id).map(({ event }) => event);
    expect(own[0]).toBe('intent');
    expect(own.at(-1)).toBe('verified');
    expect(own.filter((event) => event === 'verified')).toHaveLength(1);
  }
  expect(new Set(entries.map(({ runId }) => runId)).size).toBe(1);
}

/** Starts a run and kills it when it has written as many lines as `lines` says. */
async function killAfter(command: ToyCommand, lines: number): Promise<boolean> {
  const child = command.start('run', '--yes', '--json');
  const closed = once(child, 'close');
  let seen = 0;
  for await (const chunk of child.stdout ?? []) {
    seen += String(chunk)
      .split('\n')
      .filter((line) => line.includes('"seq"')).length;
    if (seen >= lines) {
      child.kill('SIGKILL');
      break;
    }
  }
  const [, signal] = await closed;
  return signal === 'SIGKILL';
}

test('killed after any line of the journal, the next run ends the same', { timeout: 600_000 }, async () => {
  for (let line = 1; line <= (soak ? 18 : 6); line += 1) {
    await using command = await toyCommand(script, { steps, pause: 5 });
    await killAfter(command, soak ? line : line * 3 - 1);
    await expectSameEnd(command);
  }
});

test('killed again and again at any moment, it ends the same', { timeout: 600_000 }, async () => {
  for (let round = 0; round < (soak ? 40 : 3); round += 1) {
    await using command = await toyCommand(script, { steps, pause: 10 });
    for (let kill = 0; kill < 4; kill += 1) {
      const child = command.start('run', '--yes');
      const closed = once(child, 'close');
      child.stdout?.resume();
      setTimeout(() => child.kill('SIGKILL'), 100 + Math.random() * 250);
      await closed;
    }
    await expectSameEnd(command);
  }
});

test('killed in the middle of writing a line, it drops that line and nothing else', async () => {
  await using command = await toyCommand(script, { steps, pause: 5 });
  await killAfter(command, 4);
  await appendFile(join(command.toy.stateDirectory, 'journal.jsonl'), '{"seq":99,"prevHash":"0');
  await expectSameEnd(command);
});

test('killed during a rollback, it can be resumed to the end', { timeout: 60_000 }, async () => {
  await using command = await toyCommand(script, { steps });
  await command.run('run', '--yes');
  const child = command.start('rollback', '--yes', '--json');
  const closed = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('"undone"')) break;
  child.kill('SIGKILL');
  await closed;
  const resumed = await command.run('resume');
  if (resumed.code !== 0) expect(resumed.stdout).toContain('rolled back');
  expect(await filesOf(command.toy)).toEqual([]);
});
