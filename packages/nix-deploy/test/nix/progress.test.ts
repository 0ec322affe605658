import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseLogEvent } from '../../src/nix/log-event.ts';
import { createProgressMeter, type NixProgress } from '../../src/nix/progress.ts';

const ids = fc.constantFrom('1', '2', '9007199254740993', '9007199254740992');
const numbers = fc.integer({ min: -5, max: 1_000_000 });
const line = fc.oneof(
  fc
    .record({
      id: ids,
      type: fc.constantFrom(100, 101, 102, 103, 104, 105, 108, 109, 112, 999),
      text: fc.string(),
    })
    .map(
      ({ id, type, text }) =>
        `@nix {"action":"start","id":${id},"type":${type},"level":3,"text":${JSON.stringify(text)},"fields":["/nix/store/abc.drv"]}`,
    ),
  ids.map((id) => `@nix {"action":"stop","id":${id}}`),
  fc
    .record({
      id: ids,
      fields: fc.array(numbers, { maxLength: 5 }),
      type: fc.constantFrom(101, 105, 106, 777),
    })
    .map(
      ({ id, fields, type }) =>
        `@nix {"action":"result","id":${id},"type":${type},"fields":${JSON.stringify(fields)}}`,
    ),
  fc.string(),
);

describe('createProgressMeter', () => {
  it('only grows, and never does more than it expects, whatever nix says', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
        const meter = createProgressMeter();
        let before: NixProgress = meter.snapshot();
        for (const text of lines) {
          meter.push(parseLogEvent(text));
          const now = meter.snapshot();
          for (const kind of ['builds', 'copies'] as const) {
            expect(now[kind].done).toBeGreaterThanOrEqual(before[kind].done);
            expect(now[kind].expected).toBeGreaterThanOrEqual(before[kind].expected);
            expect(now[kind].failed).toBeGreaterThanOrEqual(before[kind].failed);
            expect(now[kind].done).toBeLessThanOrEqual(now[kind].expected);
          }
          expect(now.bytes.done).toBeGreaterThanOrEqual(before.bytes.done);
          expect(now.bytes.done).toBeLessThanOrEqual(now.bytes.expected);
          before = now;
        }
      }),
    );
  });

  it('adds up what several activities do', () => {
    const meter = createProgressMeter();
    for (const text of [
      '@nix {"action":"start","id":1,"type":100,"level":3,"text":"","fields":["/nix/store/00000000000000000000000000000000-a"]}',
      '@nix {"action":"start","id":2,"type":100,"level":3,"text":"","fields":["/nix/store/00000000000000000000000000000000-b"]}',
      '@nix {"action":"result","id":1,"type":105,"fields":[10,100,0,0]}',
      '@nix {"action":"result","id":2,"type":105,"fields":[5,50,0,0]}',
      '@nix {"action":"stop","id":1}',
    ]) {
      meter.push(parseLogEvent(text));
    }
    expect(meter.snapshot()).toMatchObject({ bytes: { done: 15, expected: 150 }, current: ['copying b'] });
  });
});
