import { describe, expect, it } from 'vitest';
import { explainExit } from '../../../src/supervisor/ending/explain-exit.ts';

describe('why an agent ended', () => {
  const pane = { loop: 'one', id: '%1', pid: 2, run: 'a run', serverPid: 1, piped: true, activity: 0 };

  it.each([
    [0, undefined, 'clean'],
    [3, undefined, 'crash'],
    [undefined, 9, 'killed'],
    [undefined, undefined, 'killed'],
  ])(
    'is told by its exit code %s and signal %s, also while a child holds its terminal',
    (code, signal, cause) => {
      for (const dead of [true, false]) {
        expect(explainExit({ ...pane, dead, exitCode: code, exitSignal: signal }, undefined, false)).toBe(
          cause,
        );
      }
    },
  );

  it('is lost with its terminal, and is what its screen says, whatever its exit code', () => {
    expect(explainExit(undefined, undefined, false)).toBe('lost');
    const ended = { ...pane, dead: true, exitCode: 0, exitSignal: undefined };
    expect(explainExit(ended, { kind: 'login-expired', detail: '' }, false)).toBe('login-expired');
  });
});
