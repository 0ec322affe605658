import { setTimeout as delay } from 'node:timers/promises';
import type { RigConfig } from '../config/rig-config.ts';
import type { HoldReason } from '../events/rig-event.ts';
import { type OwnershipView, viewOwnership } from './view-ownership.ts';

/** How old what is known of the ownership may be when a loop is started, in milliseconds. */
const fresh = 2000;

/** Why no loop may start. */
export interface Hold {
  readonly reason: HoldReason;
  readonly detail: string;
}

/** Keeps in view who owns the loops; what cannot be told counts as a hold, never as an absence. */
export class OwnershipWatch {
  readonly #config: RigConfig;
  readonly #signal: AbortSignal;
  readonly #onView: (before: Hold | undefined, after: Hold | undefined) => void;
  #view: OwnershipView;
  #askedAt = -Infinity;
  #knownAt = performance.now();
  #asking: Promise<void> | undefined;

  constructor(
    config: RigConfig,
    signal: AbortSignal,
    onView: (before: Hold | undefined, after: Hold | undefined) => void,
  ) {
    this.#config = config;
    this.#signal = signal;
    this.#onView = onView;
    this.#view =
      config.ownership === undefined
        ? { state: 'unconfigured' }
        : { state: 'ownership-unknown', detail: 'the remote was not asked yet' };
  }

  get view(): OwnershipView {
    return this.#view;
  }

  get hold(): Hold | undefined {
    if (this.#view.state === 'unconfigured' || this.#view.state === 'owner') return undefined;
    return { reason: this.#view.state, detail: this.#view.detail };
  }

  /** Whether it must be asked again before a loop is started. */
  get isStale(): boolean {
    return this.#config.ownership !== undefined && performance.now() - this.#askedAt > fresh;
  }

  /** Whether it stayed unknown for longer than loops may run without knowing. */
  get unknownTooLong(): boolean {
    const limit = this.#config.ownership?.stopAfterUnknown;
    return (
      limit !== undefined &&
      this.#view.state === 'ownership-unknown' &&
      performance.now() - this.#knownAt > limit
    );
  }

  /** Asks at once, and then every `checkEvery`, sooner while it is unknown, until the signal is aborted. */
  async run(): Promise<void> {
    const { ownership } = this.#config;
    if (ownership === undefined) return;
    for (let failures = 0; !this.#signal.aborted;) {
      await this.ask();
      failures = this.#view.state === 'ownership-unknown' ? failures + 1 : 0;
      const soon = Math.min(ownership.checkEvery, 500 * 2 ** Math.min(failures, 6));
      try {
        await delay(failures === 0 ? ownership.checkEvery : soon, undefined, {
          signal: this.#signal,
          ref: false,
        });
      } catch (error) {
        if (!this.#signal.aborted) throw error;
      }
    }
  }

  /** Asks the remote; a call during another shares its answer. */
  async ask(): Promise<void> {
    this.#asking ??= this.#askOnce().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askOnce(): Promise<void> {
    const before = this.hold;
    const view = await this.#readView();
    if (view === undefined) return;
    this.#view = view;
    this.#askedAt = performance.now();
    if (view.state !== 'ownership-unknown') this.#knownAt = this.#askedAt;
    this.#onView(before, this.hold);
  }

  async #readView(): Promise<OwnershipView | undefined> {
    try {
      return await viewOwnership(this.#config, this.#signal);
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      return { state: 'ownership-unknown', detail: error instanceof Error ? error.message : String(error) };
    }
  }
}
