import type { RigConfig } from '../config/rig-config.ts';
import { RequestRefusedError } from '../errors.ts';
import type { RigEventBody } from '../events/rig-event.ts';
import type { PhasePassed } from '../state/rig-state.ts';
import type { LoopKeeper } from './keeping/loop-keeper.ts';
import type { RigStore } from '../state/rig-store.ts';

/** Moves a rig from plan phase to plan phase. Loops with a role start afresh with the new plan. */
export class PlanPhases {
  readonly #config: RigConfig;
  readonly #store: RigStore;
  readonly #keeper: LoopKeeper;
  readonly #emit: (event: RigEventBody) => void;

  constructor(config: RigConfig, store: RigStore, keeper: LoopKeeper, emit: (event: RigEventBody) => void) {
    this.#config = config;
    this.#store = store;
    this.#keeper = keeper;
    this.#emit = emit;
  }

  /**
   * Goes on to the next plan phase, exactly once per `from`.
   *
   * @returns the phase the rig is in now.
   * @throws {RequestRefusedError} `ADVANCE_REFUSED`: the rig is in another phase, or its plan list changed.
   */
  async advance(from: number, reason: string, sha?: string): Promise<number> {
    const { done, plan } = this.#store.checkAdvance(from);
    if (!done) {
      const passed = { index: from, plan, at: Date.now(), reason, sha };
      await this.#moveTo(from + 1, reason, passed);
    }
    return from + 1;
  }

  /** Puts the rig into a plan phase by hand, and accepts the plan list as it is. */
  async set(index: number, reason: string): Promise<void> {
    const total = this.#config.phases?.plans.length ?? 0;
    if (!Number.isInteger(index) || index < 0 || index > total) {
      throw new RequestRefusedError('ADVANCE_REFUSED', `a phase is a number from 0 to ${total}`);
    }
    await this.#moveTo(index, reason);
  }

  async #moveTo(to: number, reason: string, passed?: PhasePassed): Promise<void> {
    const from = this.#store.phaseIndex;
    const roles = this.#config.loops.filter(({ role }) => role !== undefined);
    for (const { name } of roles) this.#store.forgetSession(name);
    await this.#store.moveTo(to, passed);
    this.#emit({ type: 'phase', from, to, reason, sha: passed?.sha });
    await Promise.all(roles.map((loop) => this.#keeper.stop(loop, `phase ${to} begins`, { only: 'agent' })));
    await this.#keeper.reconcile();
  }
}
