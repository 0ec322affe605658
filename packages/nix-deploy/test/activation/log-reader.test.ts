import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { LogLine } from '../../src/activation/log-line.ts';
import { createLogReader } from '../../src/activation/log-reader.ts';

const id = 'abc';
const word = (text: string): string => `\n@nix-deploy ${id} ${text}\n`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('createLogReader', () => {
  it('tells the supervisor from what activation prints', () => {
    const reader = createLogReader(id);
    const log = `${word('armed /nix/store/x')}hello\n@nix-deploy other finished committed\n${word('activated 4')}`;
    expect(reader.push(bytes(log))).toEqual([
      { type: 'supervisor', event: { type: 'armed', previous: '/nix/store/x' } },
      { type: 'output', text: 'hello' },
      { type: 'output', text: '@nix-deploy other finished committed' },
      { type: 'supervisor', event: { type: 'activated', exitCode: 4 } },
    ]);
  });

  it('takes no longer for a byte of a very long line than for one of a short line', () => {
    const before = process.cpuUsage();
    const reader = createLogReader(id);
    const chunk = Buffer.alloc(32 * 1024, 'a');
    for (let count = 0; count < 1024; count += 1) expect(reader.push(chunk)).toEqual([]);
    const [line] = reader.push(bytes('\n'));
    expect(line).toMatchObject({ type: 'output', text: expect.stringMatching(/^a{10}/) });
    expect(reader.offset).toBe(32 * 1024 * 1024 + 1);
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });

  it('reads the same lines wherever it is cut, also when it has to begin again at its offset', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => `${text.replaceAll('\n', ' ')}\n`),
      fc.constantFrom(
        '\n',
        '\n\n',
        word('activating /x'),
        word('units a.service'),
        word('decided confirmed'),
      ),
    );
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.tuple(fc.nat(200), fc.boolean())), (parts, cuts) => {
        const log = bytes(parts.join(''));
        const whole = createLogReader(id).push(log);
        const reader = createLogReader(id);
        const lines: LogLine[] = [];
        let at = 0;
        for (const [length, lost] of cuts) {
          lines.push(...reader.push(log.subarray(at, at + length)));
          at = Math.min(log.length, at + length);
          if (!lost) continue;
          reader.restart();
          at = reader.offset;
        }
        lines.push(...reader.push(log.subarray(at)));
        expect(lines).toEqual(whole);
      }),
    );
  });
});
