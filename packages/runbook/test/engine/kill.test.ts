import { once } from 'node:events';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JournalEntry } from '../../src/journal/entry.ts';
import { readJournal } from '../../src/journal/read.ts';
import { buildToyCommand, toyCommand, type ToyCommand, type ToyScript } from '../commands/toy-command.ts';
import { filesOf } from './toy.ts';

const soak = Boolean(process.env['CUTOVER_SOAK']);
const count = 5;
const done = Array.from({ length: count }, (_, index) => `step-${index + 1}`);

let script: ToyScript;
beforeAll(async () => {
  script = await buildToyCommand();
}, 60_000);
afterAll(async () => script[Symbol.asyncDispose]());

/** What a last run, after any number of kills, makes of the world and the journal. */
async function endOf(command: ToyCommand): Promise<object> {
  const { code, stderr } = await command.run('run', '--yes');
  const files = await filesOf(command.toy);
  const texts = files.map((id) => readFile(join(command.toy.world.directory, id), 'utf8'));
  const entries: JournalEntry[] = [];
  await readJournal(join(command.toy.stateDirectory, 'journal.jsonl'), (entry) => entries.push(entry));
  const steps = files.map((id) => {
    const own = entries.filter((entry) => 'step' in entry && entry.step === id).map(({ type }) => type);
    return [own[0], own.at(-1), own.filter((type) => type === 'verified').length];
  });
  return {
    code,
    stderr,
    texts: await Promise.all(texts),
    steps,
    runs: new Set(entries.map(({ runId }) => runId)).size,
  };
}

/** Every step done once and whole, begun before it was verified, in one sound journal of one run. */
const sameEnd = {
  code: 0,
  stderr: '',
  texts: done.map((id) => `${id} done`),
  steps: done.map(() => ['intent', 'verified', 1]),
  runs: 1,
};

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
  for (let line = 1; line <= (soak ? 18 : 4); line += 1) {
    await using command = await toyCommand(script, { steps: count, pause: 5 });
    await killAfter(command, soak ? line : line * 4 - 1);
    expect(await endOf(command)).toEqual(sameEnd);
  }
});

test('killed again and again at any moment, it ends the same', { timeout: 600_000 }, async () => {
  for (let round = 0; round < (soak ? 40 : 2); round += 1) {
    await using command = await toyCommand(script, { steps: count, pause: 10 });
    for (let kill = 0; kill < (soak ? 4 : 2); kill += 1) {
      const child = command.start('run', '--yes');
      const closed = once(child, 'close');
      child.stdout?.resume();
      setTimeout(() => child.kill('SIGKILL'), 100 + Math.random() * 250);
      await closed;
    }
    expect(await endOf(command)).toEqual(sameEnd);
  }
});

test('killed in the middle of writing a line, it drops that line and nothing else', async () => {
  await using command = await toyCommand(script, { steps: count, pause: 5 });
  await killAfter(command, 4);
  await appendFile(join(command.toy.stateDirectory, 'journal.jsonl'), '{"seq":99,"prevHash":"0');
  expect(await endOf(command)).toEqual(sameEnd);
});

test(
  'killed during a rollback, resume completes it and never runs forward again',
  { timeout: 60_000 },
  async () => {
    await using command = await toyCommand(script, { steps: count });
    await command.run('run', '--yes');
    const child = command.start('rollback', '--yes', '--json');
    const closed = once(child, 'close');
    for await (const chunk of child.stdout ?? []) if (String(chunk).includes('"undone"')) break;
    child.kill('SIGKILL');
    await closed;
    // Where the kill came after the last line, there is nothing left to resume.
    expect([0, 2]).toContain((await command.run('resume')).code);
    expect(await filesOf(command.toy)).toEqual([]);
  },
);
