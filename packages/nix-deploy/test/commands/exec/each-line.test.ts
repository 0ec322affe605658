import { Readable } from 'node:stream';

import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { eachLine } from '../../../src/commands/exec/each-line.ts';

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  const lines: string[] = [];
  await eachLine(Readable.from(chunks), async (line) => void lines.push(line));
  return lines;
}

it('reads the same lines wherever they are cut', async () => {
  const text = fc
    .array(fc.constantFrom('a', 'é', '\n', '\n\n', '🜁'), { maxLength: 20 })
    .map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(20)), async (whole, cuts) => {
      const bytes = Buffer.from(whole);
      const places = [0, ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const lines = whole.split('\n');
      if (lines.at(-1) === '') lines.pop();
      expect(await linesOf(chunks)).toEqual(lines);
    }),
  );
});

it('takes no longer for a byte of a very long line than for one of a short line', async () => {
  const before = process.cpuUsage();
  const chunk = Buffer.alloc(32 * 1024, 'a');
  const [line = ''] = await linesOf([...Array.from({ length: 1024 }, () => chunk), Buffer.from('\n')]);
  expect(line).toHaveLength(32 * 1024 * 1024);
  expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
});
