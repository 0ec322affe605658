import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalEntry, JournalEvent } from '../../src/journal/entry.ts';
import { Journal } from '../../src/journal/journal.ts';
import { readJournal } from '../../src/journal/read.ts';
import { createRedactor } from '../../src/journal/redactor.ts';

const heading = { runId: 'r', epoch: 0, list: 'main' } as const;
const redactor = createRedactor([]);
const runs = process.env['CUTOVER_SOAK'] ? 500 : 40;

interface Place extends AsyncDisposable {
  readonly path: string;
}

async function place(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'cutover-journal-'));
  return {
    path: join(directory, 'journal.jsonl'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function writeEvents(path: string, events: readonly JournalEvent[]): Promise<void> {
  await using journal = await Journal.open(path, redactor, () => undefined);
  for (const event of events) await journal.append(event, heading);
}

async function entriesOf(path: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  await readJournal(path, (entry) => entries.push(entry));
  return entries;
}

const anyEvent = fc.record({
  type: fc.constant('owner' as const),
  owner: fc.string({ unit: 'binary' }),
  ownerEpoch: fc.nat(),
});
const someEvents = fc.array(anyEvent, { minLength: 1, maxLength: 6 });

test('what was written is read back, over several writers', async () => {
  await fc.assert(
    fc.asyncProperty(someEvents, someEvents, async (first, second) => {
      await using at = await place();
      await writeEvents(at.path, first);
      await writeEvents(at.path, second);
      const entries = await entriesOf(at.path);
      expect(entries).toMatchObject(
        [...first, ...second].map((event, index) => ({ ...event, seq: index + 1 })),
      );
    }),
    { numRuns: runs },
  );
});

test('a journal that was cut off anywhere keeps every whole line, and goes on', async () => {
  await fc.assert(
    fc.asyncProperty(someEvents, fc.double({ min: 0, max: 1, noNaN: true }), async (events, where) => {
      await using at = await place();
      await writeEvents(at.path, events);
      const text = await readFile(at.path);
      const size = Math.floor(text.length * where);
      const whole = text.subarray(0, size).filter((byte) => byte === 0x0a).length;
      await truncate(at.path, size);
      expect(await entriesOf(at.path)).toHaveLength(whole);
      await writeEvents(at.path, [{ type: 'reset' }]);
      expect((await entriesOf(at.path)).at(-1)).toMatchObject({ type: 'reset', seq: whole + 1 });
    }),
    { numRuns: runs },
  );
});

test('a byte that was changed anywhere before the end is refused', async () => {
  await using at = await place();
  await writeEvents(at.path, [
    { type: 'owner', owner: 'pi', ownerEpoch: 1 },
    { type: 'reset' },
    { type: 'reset' },
  ]);
  const text = await readFile(at.path);
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 2), fc.integer({ min: 1, max: 255 }), async (index, change) => {
      const changed = Buffer.from(text);
      changed[index] = (changed[index] ?? 0) ^ change;
      await writeFile(at.path, changed);
      await expect(entriesOf(at.path)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    }),
    { numRuns: runs },
  );
});

test.each([
  ['a line that was taken out', (lines: string[]) => lines.toSpliced(1, 1)],
  ['two lines that were swapped', ([a, b, ...rest]: string[]) => [b, a, ...rest]],
  ['a line that was repeated', ([a, ...rest]: string[]) => [a, a, ...rest]],
  ['a line of something else', (lines: string[]) => ['hello', ...lines]],
])('%s is refused, and named', async (_name, change) => {
  await using at = await place();
  await writeEvents(at.path, [{ type: 'reset' }, { type: 'reset' }, { type: 'reset' }]);
  const lines = (await readFile(at.path, 'utf8')).trimEnd().split('\n');
  await writeFile(at.path, `${change(lines).join('\n')}\n`);
  await expect(entriesOf(at.path)).rejects.toThrow(/journal\.jsonl, line \d: this line/);
});

test('a damaged journal is refused by a writer too, and left as it is', async () => {
  await using at = await place();
  await writeEvents(at.path, [{ type: 'reset' }, { type: 'reset' }]);
  await appendFile(at.path, '{"not":"ours"}\n');
  const before = await readFile(at.path, 'utf8');
  await expect(writeEvents(at.path, [{ type: 'reset' }])).rejects.toMatchObject({
    code: 'JOURNAL_DAMAGED',
    line: 3,
  });
  expect(await readFile(at.path, 'utf8')).toBe(before);
});

test('lines that are appended at the same time keep their order', async () => {
  await using at = await place();
  {
    await using journal = await Journal.open(at.path, redactor, () => undefined);
    const owners = Array.from({ length: 20 }, (_, index) => `host-${index}`);
    await Promise.all(
      owners.map((owner) => journal.append({ type: 'owner', owner, ownerEpoch: 1 }, heading)),
    );
  }
  expect((await entriesOf(at.path)).map((entry) => 'owner' in entry && entry.owner)).toEqual(
    Array.from({ length: 20 }, (_, index) => `host-${index}`),
  );
});

test('only its owner can read a journal', async () => {
  await using at = await place();
  await writeEvents(at.path, [{ type: 'reset' }]);
  expect((await stat(at.path)).mode & 0o777).toBe(0o600);
});

test('a line of a newer version is told apart from a damaged one, and read by neither', async () => {
  await using at = await place();
  await writeEvents(at.path, [{ type: 'owner', owner: 'old', ownerEpoch: 1 }]);
  const [first] = await entriesOf(at.path);
  if (first === undefined) throw new TypeError('a line was just written');
  const body = JSON.stringify({
    ...first,
    seq: 2,
    prevHash: first.hash,
    hash: undefined,
    type: 'teleported',
  });
  const digest = createHash('sha256').update(body.slice(0, -1)).digest('hex');
  await appendFile(at.path, `${body.slice(0, -1)},"hash":"${digest}"}\n`);
  await expect(entriesOf(at.path)).rejects.toMatchObject({
    code: 'JOURNAL_NEWER',
    line: 2,
    message: expect.stringContaining('does not know the event "teleported"'),
  });
});
