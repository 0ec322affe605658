import { writeFileDurably } from '@cutover/foundation/durable-file';
import { bootIdentity, localHost } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { RequestRefusedError } from '../errors.ts';
import type { RebootCause } from '../events/rig-event.ts';
import { initialState, loopState, planNames } from './initial-state.ts';
import type { LoopState, PhasePassed, RigState } from './rig-state.ts';
import { requireSameRig } from './require-same-rig.ts';
import { withRound } from './rounds-spent.ts';
import { hashPlans, readState, writeState } from './state-store.ts';

/** The state of a rig in memory, and its way to disk. Only the holder of the rig's lock may have one. */
export class RigStore {
  readonly #config: RigConfig;
  #state: RigState;
  #saving: Promise<void> = Promise.resolve();

  private constructor(config: RigConfig, state: RigState) {
    this.#config = config;
    this.#state = state;
  }

  /** @returns the store, and how the machine went down when it was booted since the state was written. */
  static async open(
    config: RigConfig,
  ): Promise<{ readonly store: RigStore; readonly reboot: RebootCause | undefined }> {
    const known = await readState(config.stateDir);
    requireSameRig(config, known);
    const { endedAt, ...state } = known ?? (await initialState(config));
    const bootId = await bootIdentity(localHost());
    const store = new RigStore(config, { ...state, rig: config.rig, bootId });
    await store.save();
    if (state.bootId === bootId) return { store, reboot: undefined };
    return { store, reboot: endedAt === undefined ? 'unexpected' : 'orderly' };
  }

  /** Writes the state for the last time: its supervisor ends in order. */
  async close(): Promise<void> {
    this.#state = { ...this.#state, endedAt: Date.now() };
    await this.save();
  }

  get phaseIndex(): number {
    return this.#state.phaseIndex;
  }

  get quiesced(): boolean {
    return this.#state.quiesced === true;
  }

  loop(name: string): LoopState {
    return loopState(this.#config, this.#state, name);
  }

  /** Changes what is given of one loop, and leaves alone what others changed of it meanwhile. */
  change(name: string, fields: Partial<LoopState>): void {
    this.#setLoop(name, { ...this.loop(name), ...fields });
  }

  /** The next start of a loop begins a new session. */
  forgetSession(name: string): void {
    const {
      session: _session,
      begun: _begun,
      transcript: _transcript,
      handoff: _handoff,
      ...rest
    } = this.loop(name);
    this.#setLoop(name, rest);
  }

  /** The agent has acknowledged what its start told it. */
  forgetPending(name: string): void {
    const { pending: _pending, ...rest } = this.loop(name);
    this.#setLoop(name, rest);
  }

  unblock(name: string): void {
    const { block: _block, ...rest } = this.loop(name);
    this.#setLoop(name, rest);
  }

  /** Remembers that a plan phase was claimed for the `round`th time. */
  noteRound(phase: number, round: number): void {
    this.#state = withRound(this.#state, phase, round);
  }

  setQuiesced(quiesced: boolean): void {
    const { quiesced: _before, ...rest } = this.#state;
    this.#state = quiesced ? { ...rest, quiesced } : rest;
  }

  /**
   * What passing phase `from` comes to: `done` when it was passed already.
   *
   * @throws {RequestRefusedError} `ADVANCE_REFUSED`: the rig is in another phase, or its plan list changed.
   */
  checkAdvance(from: number): { readonly done: boolean; readonly plan: string } {
    const plans = planNames(this.#config);
    const { phaseIndex, planListHash, passed } = this.#state;
    const refuse = (why: string): RequestRefusedError => new RequestRefusedError('ADVANCE_REFUSED', why);
    const plan = plans[from];
    if (plan === undefined)
      throw refuse(`${this.#config.rig} has no phase ${from} to pass; it has ${plans.length}`);
    if (phaseIndex === from + 1 && passed.at(-1)?.index === from) return { done: true, plan };
    if (phaseIndex !== from)
      throw refuse(`the rig is in phase ${phaseIndex}, not ${from}; nothing was changed`);
    if (planListHash === hashPlans(plans)) return { done: false, plan };
    throw refuse(
      'the plan list changed since the last advance, so the next phase may not be the one that was meant; ' +
        `confirm where the rig stands with: loops phase set ${from} --reason …`,
    );
  }

  /** Moves to a phase and accepts the plan list as it is. One write: before it the old phase counts, after it the new. */
  async moveTo(index: number, passed?: PhasePassed): Promise<void> {
    this.#state = {
      ...this.#state,
      phaseIndex: index,
      planListHash: hashPlans(planNames(this.#config)),
      passed: passed === undefined ? this.#state.passed : [...this.#state.passed, passed],
    };
    await this.save();
  }

  /** Writes the state and its plain mirror, one write at a time, always the newest. A write that failed fails no later one. */
  async save(): Promise<void> {
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(async () => {
        this.#state = { ...this.#state, generation: this.#state.generation + 1 };
        const { phaseIndex } = this.#state;
        await writeState(this.#config.stateDir, this.#state);
        const mirror = this.#config.phases?.mirror;
        const { path, index } = this.#mirrored ?? {};
        if (mirror !== undefined && (mirror !== path || phaseIndex !== index)) {
          await writeFileDurably(mirror, `${phaseIndex}\n`, { mode: 0o644 });
          this.#mirrored = { path: mirror, index: phaseIndex };
        }
      });
    return this.#saving;
  }

  #setLoop(name: string, state: LoopState): void {
    this.#state = { ...this.#state, loops: { ...this.#state.loops, [name]: state } };
  }

  /** What was mirrored last, and where: a reload may name another file. */
  #mirrored: { readonly path: string; readonly index: number } | undefined;
}
