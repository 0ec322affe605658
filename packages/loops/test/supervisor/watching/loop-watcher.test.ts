import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseRigConfig } from '../../../src/config/load-rig-config.ts';
import type { LoopBlock } from '../../../src/state/rig-state.ts';
import { LoopWatcher, type WatchedLoop } from '../../../src/supervisor/watching/loop-watcher.ts';

const expired: LoopBlock = { reason: 'login-expired', detail: 'Login expired' };

/** Looks at one agent that runs, and tells what came of it. */
function makeWatcher(block: LoopBlock | undefined) {
  const config = parseRigConfig(
    JSON.stringify({
      rig: 'demo',
      workspace: '/',
      loginPatterns: ['Login expired'],
      loops: { one: { command: ['cat'] } },
    }),
    '/loops.yaml',
  );
  const done: string[] = [];
  const act = (name: string) => async (): Promise<void> => void done.push(name);
  const watched = { block };
  const watcher = new LoopWatcher(config, {
    blockOf: () => watched.block,
    isHeard: () => false,
    progressOf: () => undefined,
    dialogOf: () => undefined,
    handsOver: () => false,
    ready: act('ready'),
    silent: act('silent'),
    dialog: act('dialog'),
    sign: act('sign'),
    goOn: act('goOn'),
    cleared: act('cleared'),
    stalled: act('stalled'),
  });
  const looked: WatchedLoop[] = config.loops.map((loop) => ({
    loop,
    pane: {
      loop: 'one',
      id: '%1',
      pid: 2,
      dead: false,
      exitCode: undefined,
      exitSignal: undefined,
      run: 'a run',
      serverPid: 1,
      piped: true,
      activity: Infinity,
    },
    ready: true,
    since: 0,
  }));
  return {
    done,
    looked,
    /** One look, at a screen that shows `line`; with `change`, what blocks the agent changes while it is read. */
    look: async (line: string, change?: { block: LoopBlock | undefined }): Promise<void> => {
      const screen = async (): Promise<string[]> => {
        Object.assign(watched, change);
        return [line];
      };
      await watcher.look({ screen }, looked);
    },
  };
}

describe('a look at an agent', () => {
  it('tells of an expired login', async () => {
    const { done, look } = makeWatcher(undefined);
    await look('Login expired');
    expect(done).toEqual(['sign']);
  });

  it('sees what its screen shows after the clock was set back', async () => {
    const { done, look, looked } = makeWatcher(undefined);
    const now = Math.floor(Date.now() / 1000);
    Object.assign(looked[0]?.pane ?? {}, { activity: now - 3600 });
    await look('');
    const later = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 5000);
    onTestFinished(() => later.mockRestore());
    await look('');
    await look('Login expired');
    expect(done).toEqual([]);
    // It has written something since, an hour earlier.
    Object.assign(looked[0]?.pane ?? {}, { activity: now - 7200 });
    await look('Login expired');
    expect(done).toEqual(['sign']);
  });

  it('tells nothing when it was blocked while its screen was read', async () => {
    const { done, look } = makeWatcher(undefined);
    await look('Login expired', { block: expired });
    expect(done).toEqual([]);
  });

  it('leaves it alone when it was started by hand while its screen was read', async () => {
    const { done, look } = makeWatcher(expired);
    await look('Login expired', { block: undefined });
    await look('Login expired');
    expect(done).toEqual([]);
    const { done: over, look: lookOver } = makeWatcher({ reason: 'usage-limit', detail: 'limit', until: 1 });
    await lookOver('', { block: undefined });
    expect(over).toEqual([]);
  });

  it('frees it when its screen shows nothing of it any more, and goes on when its limit is over', async () => {
    const { done, look } = makeWatcher(expired);
    await look('Login expired');
    expect(done).toEqual([]);
    await look('$');
    expect(done).toEqual(['cleared']);
    const { done: over, look: lookOver } = makeWatcher({ reason: 'usage-limit', detail: 'limit', until: 1 });
    await lookOver('');
    expect(over).toEqual(['goOn']);
  });
});
