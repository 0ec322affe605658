import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { createView, type View } from '../../../src/commands/shared/view.ts';
import type { NixProgress } from '../../../src/nix/progress.ts';

const progress: NixProgress = {
  builds: { done: 1, expected: 3, running: 1, failed: 0 },
  copies: { done: 0, expected: 0, running: 0, failed: 0 },
  bytes: { done: 512, expected: 3 * 1024 ** 2 },
  current: ['building hello-2.12', 'building other-1'],
};

function shown(options: { terminal: boolean; several: boolean }, use: (view: View) => void): string {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  use(createView({ stdout, stderr }, options));
  expect(stdout.read()).toBeNull();
  return String(stderr.read());
}

describe('the view', () => {
  it('rewrites one line on a terminal, and takes it away for what stays', () => {
    const text = shown({ terminal: true, several: false }, (view) => {
      view.show({ type: 'step', step: 'build', target: 'web' });
      view.show({ type: 'progress', progress, target: 'web' });
      view.show({ type: 'step', step: 'activate', target: 'web' });
    });
    expect(text).toBe('building\n  1/3 built, 512 B of 3 MiB, building hello-2.12\r\u001b[2Kactivating\n');
  });

  it('writes plain lines elsewhere, of progress one in ten seconds at most, with the target where there are several', () => {
    const text = shown({ terminal: false, several: true }, (view) => {
      for (let i = 0; i < 100; i += 1) view.show({ type: 'copy', paths: 3, bytes: 1024, target: 'web' });
      const health = { check: 'units a.service', ok: false, detail: 'failed', attempts: 1 };
      view.show({ type: 'health', ...health, target: 'web' });
      view.show({ type: 'restored', exitCode: 4, target: 'web' });
    });
    expect(text.match(/sent/g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(text).toContain('web:   ✗ units a.service: failed\nweb: restoring FAILED with 4\n');
    expect(text).not.toContain('\u001b');
  });

  it('passes on nothing that a terminal would obey', () => {
    const text = shown({ terminal: true, several: false }, (view) => {
      view.show({
        type: 'output',
        line: '\u001b]0;title\u0007\u001b[2Jred\u0000\r\u009b31m\tend ✓',
        target: 'web',
      });
    });
    expect(text).toBe('  red\tend ✓\n');
  });

  it('nor in the line that is rewritten, whose names come from the target as well', () => {
    const text = shown({ terminal: true, several: false }, (view) => {
      const current = ['building \u001b]0;title\u0007x\ny'];
      view.show({ type: 'progress', progress: { ...progress, current }, target: 'web' });
    });
    expect(text).toBe('  1/3 built, 512 B of 3 MiB, building x y');
  });
});
