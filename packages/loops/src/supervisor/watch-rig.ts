import { setTimeout as delay } from 'node:timers/promises';
import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import type { LoopKeeper } from './loop-keeper.ts';
import type { LoopWatcher, WatchActions, WatchedLoop } from './loop-watcher.ts';
import type { RigStore } from './rig-store.ts';
import type { Supervisor } from './supervisor.ts';
import type { TmuxLink } from './tmux-link.ts';

interface WatchParts {
  readonly config: RigConfig;
  readonly keeper: LoopKeeper;
  readonly store: RigStore;
  readonly link: TmuxLink;
  readonly signal: AbortSignal;
}

const defaultNudge =
  'Nothing has happened for a while. If you are waiting for something, say for what; else go on.';

/** Looks at the agents from time to time until the signal is aborted. */
export async function watchLoops(watcher: LoopWatcher, parts: WatchParts): Promise<void> {
  const { link, signal } = parts;
  while (!signal.aborted) {
    let pause = 1000;
    try {
      const tmux = link.current;
      const watched = tmux === undefined ? [] : await watchedLoops(parts);
      if (tmux !== undefined) await watcher.look(tmux, watched);
      pause = watcher.pause(watched);
    } catch (error) {
      // The server went away, or a pane while it was looked at: the keeper sees to that.
      if (!(error instanceof LoopsError)) throw error;
    }
    try {
      await delay(pause, undefined, { signal, ref: false });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function watchedLoops({ config, keeper, store, link }: WatchParts): Promise<WatchedLoop[]> {
  const panes = new Map(((await link.current?.panes()) ?? []).map((pane) => [pane.session, pane]));
  return config.loops.flatMap((loop) => {
    const pane = panes.get(loop.name);
    const runtime = keeper.runtime(loop.name);
    if (pane === undefined || pane.dead || runtime.pid !== pane.pid) return [];
    const { startedAt = 0, block } = store.loop(loop.name);
    return [{ loop, pane, ready: runtime.ready, startedAt, block }];
  });
}

/** What a look leads to, done with the supervisor's own means. */
export function createWatchActions(
  supervisor: Supervisor,
  keeper: LoopKeeper,
  store: RigStore,
  link: TmuxLink,
): WatchActions {
  const { events } = supervisor;
  const nudge = async (loop: LoopConfig, text: string): Promise<void> => {
    await supervisor.prompt(loop.name, Buffer.from(text), `nudge-${Date.now()}`);
  };
  return {
    ready: (loop) => keeper.markReady(loop),
    sign: (loop, sign) => keeper.block(loop, sign),
    goOn: async (loop) => {
      store.unblock(loop.name);
      events.emit({ event: 'unblocked', loop: loop.name, reason: 'the usage limit is over' });
      await store.save();
      await nudge(loop, loop.stall?.nudge ?? 'The usage limit is over. Go on where you were.');
    },
    stalled: async (loop, rung, quietMs) => {
      events.emit({ event: 'stalled', loop: loop.name, rung, quietMs });
      const { paneId } = keeper.runtime(loop.name);
      if (rung === 'nudge') await nudge(loop, loop.stall?.nudge ?? defaultNudge);
      else if (rung === 'interrupt' && paneId !== undefined) await link.current?.press(paneId, 'Escape');
      else if (rung === 'resume') await supervisor.restart([loop.name], false, 'it stalled');
      else if (rung === 'fresh') await supervisor.restart([loop.name], true, 'it stalled again');
      else
        events.emit({
          event: 'escalated',
          loop: loop.name,
          detail: `no progress for ${Math.round(quietMs / 1000)} s`,
        });
    },
  };
}
