import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { paintFor } from '../../src/commands/colors.ts';
import { screenLines, WatchScreen } from '../../src/commands/watch-screen.ts';
import type { LoopStatus, RigStatus } from '../../src/control/status.ts';

const loop = (index: number): LoopStatus => ({
  name: `loop-${index}`,
  state: 'blocked',
  wanted: true,
  ready: false,
  restarts: 3,
  block: { reason: 'usage-limit', detail: 'a limit that is told with many words '.repeat(5) },
});
const rig = (loops: number): RigStatus => ({
  rig: 'demo',
  supervisor: { state: 'up' },
  server: 'up',
  hold: 'ownership-unknown',
  holdDetail:
    'the remote was not asked yet, and this is said at such length that no terminal has room for it',
  orphans: [{ name: 'an-orphan-with-quite-a-long-name', pid: 12_345 }],
  loops: Array.from({ length: loops }, (_, index) => loop(index)),
});
const events = Array.from({ length: 200 }, (_, index) => `event ${index} ${'x'.repeat(100)}`);

it.each([1, 3, 200])('fits %i loops into 80 columns and 24 rows, the newest events last', (loops) => {
  const lines = screenLines(rig(loops), events, { width: 80 }, 24);
  expect(lines).toHaveLength(24);
  expect(lines.filter((line) => Array.from(line).length > 80)).toEqual([]);
  expect(lines.at(-1)).toBe('q: leave');
  expect(lines.at(-2)).toContain(loops === 200 ? `${loops + 1 - 19} more loops` : 'event 199');
});

it('has colours for a terminal only, and for none whose user wants none', () => {
  const lines = (environment: NodeJS.ProcessEnv, isTTY = true) =>
    screenLines(rig(1), [], { width: 80, paint: paintFor({ isTTY }, environment) }, 24).join('\n');
  expect(lines({ TERM: 'xterm' })).toContain('\u001B[31mblocked\u001B[0m');
  expect(lines({ TERM: 'xterm', NO_COLOR: '1' })).not.toContain('\u001B');
  expect(lines({ TERM: 'xterm' }, false)).not.toContain('\u001B');
});

it('leaves the terminal as it was, however the process ends', async () => {
  const output = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true });
  const written = (): string => String(output.read() ?? '');
  const left = '\u001B[?1049l';
  const before = process.listeners('exit');
  {
    await using _screen = new WatchScreen(output, undefined);
    expect(written()).toContain('\u001B[?1049h');
    const added = process.listeners('exit').filter((one) => !before.includes(one));
    for (const listener of added) Reflect.apply(listener, process, [0]);
    expect(written()).toContain(left);
    expect(process.listeners('SIGHUP')).toHaveLength(1);
  }
  expect(written()).toContain(left);
  expect(process.listeners('exit')).toEqual(before);
  expect(process.listeners('SIGHUP')).toEqual([]);
});
