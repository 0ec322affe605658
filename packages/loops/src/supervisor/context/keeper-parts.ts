import type { Background } from '../../concurrency/background.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import type { RigEventBody } from '../../events/rig-event.ts';
import type { PendingWords } from '../../state/rig-state.ts';
import type { LoopRuntimes } from './loop-runtime.ts';
import type { Scopes } from '../../processes/memory-scope.ts';
import type { OwnershipWatch } from '../../ownership/ownership-watch.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { Rounds } from '../../concurrency/rounds.ts';
import type { TmuxLink } from '../../tmux/tmux-link.ts';

/** What keeping loops stands on. */
export interface KeeperParts {
  readonly config: RigConfig;
  readonly store: RigStore;
  readonly ownership: OwnershipWatch;
  readonly link: TmuxLink;
  readonly scopes: Scopes;
  readonly signal: AbortSignal;
  readonly emit: (event: RigEventBody) => void;
  readonly background: Background;
  /** Takes what a loop's agent has told by its hooks and what has not been noticed yet. */
  readonly catchUp: (loop: LoopConfig) => Promise<void>;
  /** A run of a loop's agent begins: what was known of the one before is over. */
  readonly onBegun: (loop: LoopConfig) => void;
  /** Called when an agent was started, or found running, that has yet to be told something or to acknowledge it. */
  readonly onStarted: (loop: LoopConfig, run: string, pending: PendingWords) => void;
}

/** The same with what the keeper itself holds, for those who do its work. */
export interface KeeperContext extends KeeperParts {
  readonly runtimes: LoopRuntimes;
  readonly rounds: Rounds;
}
