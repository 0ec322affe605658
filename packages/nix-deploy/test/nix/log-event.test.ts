import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseLogEvent } from '../../src/nix/log-event.ts';

describe('parseLogEvent', () => {
  it('keeps ids apart that are one as numbers', () => {
    const a = parseLogEvent('@nix {"action":"stop","id":9007199254740993}');
    const b = parseLogEvent('@nix {"action":"stop","id":9007199254740992}');
    expect(a).toEqual({ action: 'stop', id: '9007199254740993' });
    expect(b).toEqual({ action: 'stop', id: '9007199254740992' });
  });

  it('does not touch the same letters inside a text', () => {
    const text = 'a builder prints {"id":12345678901234567890,"parent":1}';
    const line = `@nix ${JSON.stringify({ action: 'msg', level: 0, msg: text })}`;
    expect(parseLogEvent(line)).toEqual({ action: 'msg', level: 0, text });
  });

  it('does without parents, which Nix 2.13 does not say', () => {
    const line =
      '@nix {"action":"start","id":7,"level":3,"text":"","type":105,"fields":["/nix/store/x.drv","",1,1]}';
    expect(parseLogEvent(line)).toMatchObject({ action: 'start', id: '7', parent: undefined, activity: 105 });
  });

  it('takes what it cannot understand as a raw line', () => {
    for (const line of ['building…', '@nix {"action":"from the future"}', '@nix {half', '@nix ', '']) {
      expect(parseLogEvent(line).action).toBe('raw');
    }
  });

  it('takes colours out, also of raw_msg', () => {
    const line = String.raw`@nix {"action":"msg","level":0,"msg":"x","raw_msg":"\u001b[31;1merror:\u001b[0m no"}`;
    expect(parseLogEvent(line)).toEqual({ action: 'msg', level: 0, text: 'error: no' });
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify(value)),
        ),
        (text) => {
          expect(parseLogEvent(`@nix ${text}`)).toHaveProperty('action');
          expect(parseLogEvent(text)).toHaveProperty('action');
        },
      ),
    );
  });

  it('reads back any id of 64 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (id) => {
        expect(parseLogEvent(`@nix {"action":"stop","id":${id}}`)).toEqual({
          action: 'stop',
          id: String(id),
        });
      }),
    );
  });
});
