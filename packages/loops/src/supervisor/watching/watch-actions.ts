import type { Background } from '../../concurrency/background.ts';
import type { LoopConfig } from '../../config/rig-config.ts';
import { LoopsError } from '../../errors.ts';
import type { EventHub } from '../../events/event-hub.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { TmuxLink } from '../../tmux/tmux-link.ts';
import type { AgentWatch } from '../agents/agent-watch.ts';
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
  readonly agents: AgentWatch;
  readonly background: Background;
  readonly signal: AbortSignal;
}

const defaultNudge =
  'Nothing has happened for a while. If you are waiting for something, say for what; else go on.';

/** Tells an agent something without waiting until it has taken it; with an empty text, nothing. */
export function createTeller({
  supervisor,
  events,
  background,
  signal,
}: Pick<WatchMeans, 'supervisor' | 'events' | 'background' | 'signal'>): (
  loop: LoopConfig,
  text: string,
) => void {
  return ({ name }, text) => {
    if (text === '') return;
    background.run(async () => {
      const id = `told-${Date.now()}`;
      try {
        await supervisor.prompt(name, Buffer.from(text), id);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof LoopsError)) throw error;
        events.emit({ type: 'prompt-failed', loop: name, id, detail: error.message });
      }
    });
  };
}

/** What a look leads to, done with the supervisor's own means. */
export function createWatchActions(means: WatchMeans): WatchActions {
  const { supervisor, keeper, store, link, events, agents } = means;
  const tell = createTeller(means);
  return {
    blockOf: (loop) => store.loop(loop.name).block,
    isHeard: (loop) => agents.isHeard(loop),
    progressOf: (loop) => agents.life(loop).progress,
    dialogOf: (loop) => agents.life(loop).dialog,
    handsOver: (loop) => store.loop(loop.name).handoff !== undefined,
    ready: (loop, late) => {
      if (late) keeper.runtime(loop.name).lateReady = true;
      keeper.markReady(loop);
    },
    silent: (loop) => {
      agents.noteSilence(
        loop,
        'its hooks say nothing, a policy may forbid them; its transcript and its screen are read instead',
      );
      keeper.markReady(loop);
    },
    dialog: async (loop, dialog) => {
      agents.noteDialog(loop, dialog?.key === undefined ? dialog?.words : undefined);
      const { paneId } = keeper.runtime(loop.name);
      if (dialog?.key !== undefined && paneId !== undefined) await link.current?.press(paneId, dialog.key);
    },
    sign: (loop, sign) => keeper.block(loop, sign),
    goOn: async (loop) => {
      const reason = store.loop(loop.name).block?.reason ?? 'block';
      store.unblock(loop.name);
      events.emit({ type: 'unblocked', loop: loop.name, reason: `the ${reason} is over` });
      await store.save();
      tell(loop, loop.goOn);
    },
    cleared: async (loop) => {
      store.unblock(loop.name);
      events.emit({ type: 'unblocked', loop: loop.name, reason: 'its screen shows it no more' });
      await store.save();
    },
    stalled: async (loop, rung, quietMs, waiting) => {
      // It is being stopped: a restart would make it wanted again.
      if (!store.loop(loop.name).wanted) return;
      events.emit({ type: 'stalled', loop: loop.name, rung, quietMs });
      const { paneId } = keeper.runtime(loop.name);
      if (rung === 'nudge') tell(loop, loop.stall?.nudge ?? defaultNudge);
      else if (rung === 'interrupt' && paneId !== undefined) await link.current?.press(paneId, 'Escape');
      else if (rung === 'resume') await supervisor.restart([loop.name], false, 'it stalled');
      else if (rung === 'fresh') await supervisor.restart([loop.name], true, 'it stalled again');
      else
        events.emit({
          type: 'escalated',
          loop: loop.name,
          detail: `no progress for ${Math.round(quietMs / 1000)} s${waiting === undefined ? '' : `; ${waiting}`}`,
        });
    },
  };
}
