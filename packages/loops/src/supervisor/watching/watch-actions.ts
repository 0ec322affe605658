import type { LoopConfig } from '../../config/rig-config.ts';
import type { EventHub } from '../../events/event-hub.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { TmuxLink } from '../../tmux/tmux-link.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import type { WatchActions } from './loop-watcher.ts';

/** What the actions are done with. */
export interface WatchMeans {
  readonly supervisor: {
    prompt(name: string, text: Uint8Array, id: string): Promise<boolean>;
    restart(names: readonly string[], fresh: boolean, reason: string): Promise<void>;
  };
  readonly keeper: LoopKeeper;
  readonly store: RigStore;
  readonly link: TmuxLink;
  readonly events: EventHub;
}

const defaultNudge =
  'Nothing has happened for a while. If you are waiting for something, say for what; else go on.';

/** What a look leads to, done with the supervisor's own means. */
export function createWatchActions({ supervisor, keeper, store, link, events }: WatchMeans): WatchActions {
  const nudge = async (loop: LoopConfig, text: string): Promise<void> => {
    await supervisor.prompt(loop.name, Buffer.from(text), `nudge-${Date.now()}`);
  };
  return {
    blockOf: (loop) => store.loop(loop.name).block,
    ready: (loop) => keeper.markReady(loop),
    sign: (loop, sign) => keeper.block(loop, sign),
    goOn: async (loop) => {
      store.unblock(loop.name);
      events.emit({ type: 'unblocked', loop: loop.name, reason: 'the usage limit is over' });
      await store.save();
      await nudge(loop, loop.stall?.nudge ?? 'The usage limit is over. Go on where you were.');
    },
    cleared: async (loop) => {
      store.unblock(loop.name);
      events.emit({ type: 'unblocked', loop: loop.name, reason: 'its screen shows it no more' });
      await store.save();
    },
    stalled: async (loop, rung, quietMs) => {
      events.emit({ type: 'stalled', loop: loop.name, rung, quietMs });
      const { paneId } = keeper.runtime(loop.name);
      if (rung === 'nudge') await nudge(loop, loop.stall?.nudge ?? defaultNudge);
      else if (rung === 'interrupt' && paneId !== undefined) await link.current?.press(paneId, 'Escape');
      else if (rung === 'resume') await supervisor.restart([loop.name], false, 'it stalled');
      else if (rung === 'fresh') await supervisor.restart([loop.name], true, 'it stalled again');
      else
        events.emit({
          type: 'escalated',
          loop: loop.name,
          detail: `no progress for ${Math.round(quietMs / 1000)} s`,
        });
    },
  };
}
