import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import type { EventHub } from './event-hub.ts';
import type { LoopKeeper } from './loop-keeper.ts';
import type { LoopWatcher, WatchActions, WatchedLoop } from './loop-watcher.ts';
import { Nap } from './nap.ts';
import type { RigStore } from './rig-store.ts';
import type { Supervisor } from './supervisor.ts';
import type { RigTmux } from '../tmux/rig-tmux.ts';
import type { TmuxLink } from './tmux-link.ts';

interface WatchParts {
  readonly config: RigConfig;
  readonly keeper: LoopKeeper;
  readonly store: RigStore;
  readonly link: TmuxLink;
  readonly events: EventHub;
  readonly signal: AbortSignal;
}

/** Until another look at an agent that has just started, in milliseconds. */
const soon = 100;
const defaultNudge =
  'Nothing has happened for a while. If you are waiting for something, say for what; else go on.';

/** Looks at the agents from time to time, and at a new one soon, until the signal is aborted. */
export async function watchLoops(watcher: LoopWatcher, parts: WatchParts): Promise<void> {
  const { link, signal, events } = parts;
  const nap = new Nap();
  signal.addEventListener('abort', () => nap.end(), { once: true });
  using _listener = events.listen(({ event }) => {
    if (event === 'started') nap.end();
  });
  while (!signal.aborted) {
    let pause = 1000;
    try {
      const tmux = link.current;
      if (tmux !== undefined) {
        const { watched, unseen } = await watchedLoops(tmux, parts);
        await watcher.look(tmux, watched);
        pause = unseen ? soon : watcher.pause(watched);
      }
    } catch (error) {
      // The server went away, or a pane while it was looked at: the keeper sees to that.
      if (!(error instanceof LoopsError)) throw error;
    }
    await nap.take(pause);
  }
}

/** The agents that run, and whether there are others that the keeper has yet to see. */
async function watchedLoops(
  tmux: RigTmux,
  { config, keeper, store }: WatchParts,
): Promise<{ watched: WatchedLoop[]; unseen: boolean }> {
  const panes = new Map((await tmux.panes()).map((pane) => [pane.session, pane]));
  const watched: WatchedLoop[] = [];
  let unseen = false;
  for (const loop of config.loops) {
    const pane = panes.get(loop.name);
    if (pane === undefined || pane.dead) continue;
    const runtime = keeper.runtime(loop.name);
    const { startedAt = 0 } = store.loop(loop.name);
    if (runtime.pid === pane.pid) watched.push({ loop, pane, ready: runtime.ready, startedAt });
    else unseen = true;
  }
  return { watched, unseen };
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
    blockOf: (loop) => store.loop(loop.name).block,
    ready: (loop) => keeper.markReady(loop),
    sign: (loop, sign) => keeper.block(loop, sign),
    goOn: async (loop) => {
      store.unblock(loop.name);
      events.emit({ event: 'unblocked', loop: loop.name, reason: 'the usage limit is over' });
      await store.save();
      await nudge(loop, loop.stall?.nudge ?? 'The usage limit is over. Go on where you were.');
    },
    cleared: async (loop) => {
      store.unblock(loop.name);
      events.emit({ event: 'unblocked', loop: loop.name, reason: 'its screen shows it no more' });
      await store.save();
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
