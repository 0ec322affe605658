import type { RigConfig } from '../../config/rig-config.ts';
import { LoopsError } from '../../errors.ts';
import type { EventHub } from '../../events/event-hub.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import { LogWatch } from './log-watch.ts';
import type { AgentLooks } from '../agents/look-at-agents.ts';
import type { LoopWatcher, WatchedLoop } from './loop-watcher.ts';
import { Nap } from '../../concurrency/nap.ts';
import type { RigTmux } from '../../tmux/rig-tmux.ts';
import type { TmuxLink } from '../../tmux/tmux-link.ts';

interface WatchParts {
  readonly config: RigConfig;
  readonly keeper: LoopKeeper;
  readonly link: TmuxLink;
  readonly events: EventHub;
  readonly looks: AgentLooks;
  readonly signal: AbortSignal;
}

/** Until another look at an agent that has just started, in milliseconds. */
const soon = 100;

/** Looks at the agents from time to time, and at a new one soon, until the signal is aborted. */
export async function watchLoops(watcher: LoopWatcher, parts: WatchParts): Promise<void> {
  const { config, link, signal, events } = parts;
  const nap = new Nap();
  const logs = new LogWatch(config, (event) => events.emit(event));
  signal.addEventListener('abort', () => nap.end(), { once: true });
  using _listener = events.listen(({ type }) => {
    if (type === 'started') nap.end();
  });
  while (!signal.aborted) {
    let pause = 1000;
    try {
      const tmux = link.current;
      if (tmux !== undefined) {
        const { watched, unseen } = await watchedLoops(tmux, parts);
        await parts.looks.look();
        await watcher.look(tmux, watched);
        await logs.look(tmux, watched);
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
  { config, keeper }: WatchParts,
): Promise<{ watched: WatchedLoop[]; unseen: boolean }> {
  const panes = new Map((await tmux.panes()).map((pane) => [pane.loop, pane]));
  const watched: WatchedLoop[] = [];
  let unseen = false;
  for (const loop of config.loops) {
    const pane = panes.get(loop.name);
    if (pane === undefined || pane.dead) continue;
    const runtime = keeper.runtime(loop.name);
    const { pid, ready, since = 0 } = runtime;
    if (pid === pane.pid) watched.push({ loop, pane, ready, since });
    else unseen = true;
  }
  return { watched, unseen };
}
