import { stat } from 'node:fs/promises';
import { unlessRefused } from '@cutover/foundation/errno';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import type { RigEventBody } from '../../events/rig-event.ts';
import { endsByAsking } from '../../state/rig-state.ts';
import type { RigStore } from '../../state/rig-store.ts';
import type { LoopKeeper } from '../keeping/loop-keeper.ts';
import { environmentIfReadable } from '../starting/loop-command.ts';
import type { AgentLife } from './agent-life.ts';
import type { AgentWatch } from './agent-watch.ts';
import type { ContextHandoff } from './context-handoff.ts';
import { countUsage, dayOf } from './usage.ts';

export interface LookParts {
  readonly config: RigConfig;
  readonly store: RigStore;
  readonly keeper: LoopKeeper;
  readonly agents: AgentWatch;
  readonly handoff: ContextHandoff;
  readonly emit: (event: RigEventBody) => void;
  /** Tells an agent that runs to go on. */
  readonly tellToGoOn: (loop: LoopConfig) => void;
}

/** What the last look found of a loop's block and usage. */
interface Memory {
  /** The block that was seen, and the agent's steps at that time: more of them mean that it goes on. */
  block?: { readonly key: string; readonly steps: number; readonly seenAt: number } | undefined;
  savedAt: number;
}

/** An agent may write its login file itself when its login fails; a person takes longer. Milliseconds. */
const loginMargin = 2000;

/** Usage is saved at most so often, in milliseconds: what is lost with a supervisor is counted again. */
const savePause = 60_000;

/** Looks at what the agents' transcripts and login files say: what was used, and that what blocked an agent is over. */
export class AgentLooks {
  readonly #parts: LookParts;
  readonly #memories = new Map<string, Memory>();

  constructor(parts: LookParts) {
    this.#parts = parts;
  }

  async look(): Promise<void> {
    for (const loop of this.#parts.config.loops) {
      if (adapterOf(loop).readTranscript === undefined) continue;
      await this.#parts.agents.catchUp(loop);
      await this.#parts.agents.progress(loop);
      const life = this.#parts.agents.life(loop);
      await this.#count(loop, life);
      await this.#checkBlock(loop, life);
      this.#parts.handoff.look(loop);
    }
  }

  #memory({ name }: LoopConfig): Memory {
    let memory = this.#memories.get(name);
    if (memory === undefined) this.#memories.set(name, (memory = { savedAt: 0 }));
    return memory;
  }

  async #count(loop: LoopConfig, { transcript, progress }: AgentLife): Promise<void> {
    const { store, emit } = this.#parts;
    if (transcript === undefined || progress === undefined) return;
    const before = store.loop(loop.name).usage;
    const { day, next } = dayOf(Date.now());
    const usage = countUsage(before, transcript.path, progress.usage, day);
    const isSame = JSON.stringify(usage) === JSON.stringify(before);
    if (!isSame) store.change(loop.name, { usage });
    const memory = this.#memory(loop);
    if (!isSame && performance.now() - memory.savedAt > savePause) {
      memory.savedAt = performance.now();
      await store.save();
    }
    const most = loop.budget?.tokensPerDay;
    const { block, heldFor } = store.loop(loop.name);
    if (most === undefined || usage.dayTokens < most || block !== undefined) return;
    if (heldFor?.day === day && heldFor.tokensPerDay === most) return;
    const detail = `${usage.dayTokens} of ${most} tokens are used for ${day}; loops start ${loop.name} goes on all the same`;
    store.change(loop.name, {
      block: { reason: 'budget', detail, until: next },
      heldFor: { day, tokensPerDay: most },
    });
    emit({ type: 'blocked', loop: loop.name, reason: 'budget', detail, until: next });
    emit({ type: 'escalated', loop: loop.name, detail });
    await store.save();
  }

  /** An agent that works again is not blocked; one that was logged out tries again once a person logged in. */
  async #checkBlock(loop: LoopConfig, { progress }: AgentLife): Promise<void> {
    const { store } = this.#parts;
    const memory = this.#memory(loop);
    const { block } = store.loop(loop.name);
    if (block === undefined || endsByAsking(block)) {
      delete memory.block;
      return;
    }
    const key = `${block.reason} ${block.until ?? ''} ${block.at ?? ''}`;
    const steps = progress?.steps ?? 0;
    if (memory.block?.key !== key) {
      memory.block = { key, steps, seenAt: Date.now() };
    }
    const since = (block.at ?? memory.block.seenAt) + loginMargin;
    if (steps > memory.block.steps) await this.#unblock(loop, 'it goes on', false);
    else if (block.reason === 'login-expired' && (await this.#loginTime(loop)) > since)
      await this.#unblock(loop, 'a person logged in', true);
  }

  async #unblock(loop: LoopConfig, reason: string, tell: boolean): Promise<void> {
    const { store, emit, keeper, tellToGoOn } = this.#parts;
    store.unblock(loop.name);
    emit({ type: 'unblocked', loop: loop.name, reason });
    await store.save();
    if (keeper.runtime(loop.name).pid === undefined) await keeper.reconcile();
    else if (tell) tellToGoOn(loop);
  }

  /** When its login was last written, in Unix milliseconds; 0 when there is none, or none that can be seen. */
  async #loginTime(loop: LoopConfig): Promise<number> {
    const environment = await environmentIfReadable(this.#parts.config, loop);
    const path = environment === undefined ? undefined : adapterOf(loop).loginFile?.(environment);
    return path === undefined ? 0 : ((await unlessRefused(stat(path)))?.mtimeMs ?? 0);
  }
}
