import { rm } from 'node:fs/promises';
import { Nap } from '../concurrency/nap.ts';
import type { RigConfig } from '../config/rig-config.ts';
import type { HoldReason } from '../events/rig-event.ts';
import { bootIdentity, localHost } from '@cutover/host';
import { chooseEnforcer } from './enforce/choose-enforcer.ts';
import type { LeaseEnforcer } from './enforce/lease-enforcer.ts';
import { LeaseClock } from './lease-clock.ts';
import { leaseFile, readLease, recordOf, uptime, writeLease } from './lease-file.ts';
import { leaseTimes, type LeaseTimes } from './lease.ts';
import { LeaseUnenforcedError } from './ownership-errors.ts';
import { type OwnershipView, viewOwnership } from './view-ownership.ts';

/** How old what is known of the ownership may be when a loop is started, in milliseconds. */
const fresh = 2000;
/** Until the next question where a grant is expected, in milliseconds. */
const expecting = 100;
/** How often the clocks are looked at, in milliseconds. */
const tick = 1000;

/** Why no loop may start. */
export interface Hold {
  readonly reason: HoldReason;
  readonly detail: string;
}

export interface OwnershipWatchOptions {
  readonly config: RigConfig;
  readonly signal: AbortSignal;
  /** Called after each answer, and when the lease has come to its end. */
  readonly onView: (before: Hold | undefined, after: Hold | undefined) => void;
  readonly clock?: LeaseClock;
  readonly enforcer?: LeaseEnforcer;
}

/**
 * Keeps in view who owns the loops. What cannot be told is a hold, never an absence, and what runs goes on no longer
 * than the lease of the last confirmation; the enforcer ends it where this process does not.
 */
export class OwnershipWatch {
  readonly #config: RigConfig;
  readonly #signal: AbortSignal;
  readonly #onView: OwnershipWatchOptions['onView'];
  readonly #clock: LeaseClock;
  readonly #enforcer: LeaseEnforcer;
  #view: OwnershipView;
  #times: LeaseTimes | undefined;
  #unenforced: string | undefined;
  #askedAt = -Infinity;
  /** When the last question that was answered was sent. */
  #sentAt = -Infinity;
  #answered = false;
  #expired = false;
  #expectedUntil = -Infinity;
  readonly #nap = new Nap();
  #asking: Promise<void> | undefined;

  constructor({ config, signal, onView, clock, enforcer }: OwnershipWatchOptions) {
    this.#config = config;
    this.#signal = signal;
    this.#onView = onView;
    this.#clock = clock ?? new LeaseClock();
    this.#enforcer = enforcer ?? chooseEnforcer(config);
    this.#view =
      config.ownership === undefined
        ? { state: 'unconfigured' }
        : { state: 'ownership-unknown', detail: 'the remote was not asked yet' };
  }

  get view(): OwnershipView {
    return this.#view;
  }

  /** How the lease is enforced, and for how many milliseconds the last confirmation still counts. */
  get lease(): { readonly enforcedBy: LeaseEnforcer['kind']; readonly remainingMs: number } | undefined {
    if (this.#times === undefined) return undefined;
    return {
      enforcedBy: this.#enforcer.kind,
      remainingMs: Math.max(0, this.#times.stopAt - this.#clock.now()),
    };
  }

  get hold(): Hold | undefined {
    const view = this.#view;
    if (view.state === 'unconfigured') return undefined;
    if (this.#unenforced !== undefined) return { reason: 'lease-unenforced', detail: this.#unenforced };
    if (view.state !== 'owner') return { reason: view.state, detail: view.detail };
    return this.#isOver
      ? { reason: 'ownership-unknown', detail: 'the last confirmation is older than the lease' }
      : undefined;
  }

  /** Whether what runs must end now: another host's turn, or the lease is over. */
  get mustStop(): boolean {
    if (this.#view.state === 'unconfigured') return false;
    return this.#view.state === 'not-owner' || this.#isOver;
  }

  /** Whether it must be asked again before a loop is started. */
  get isStale(): boolean {
    return this.#config.ownership !== undefined && this.#clock.now() - this.#askedAt > fresh;
  }

  /** Asks at once, and then every `checkEvery`, sooner while it is unknown, until the signal is aborted. */
  async run(): Promise<void> {
    const { ownership } = this.#config;
    if (ownership === undefined) return;
    await this.#adopt();
    const timer = setInterval(() => this.#tick(), tick);
    timer.unref();
    const wake = (): void => this.#nap.end();
    this.#signal.addEventListener('abort', wake, { once: true });
    try {
      for (let failures = 0; !this.#signal.aborted;) {
        await this.ask();
        failures = this.hold === undefined ? 0 : failures + 1;
        const soon = 500 * 2 ** Math.min(failures, 6);
        await this.#nap.take(Math.min(this.#round, failures === 0 ? Infinity : soon));
      }
    } finally {
      clearInterval(timer);
      this.#signal.removeEventListener('abort', wake);
    }
  }

  /** Asks again and again for so many milliseconds, or until this host owns the loops: a grant is about to be written. */
  expectGrant(milliseconds: number): void {
    this.#expectedUntil = this.#clock.now() + milliseconds;
    this.#nap.end();
  }

  /** Nothing of the rig runs any more, so nothing is left to enforce. */
  async forgetLease(): Promise<void> {
    this.#times = undefined;
    await rm(leaseFile(this.#config), { force: true });
  }

  /** Asks the remote; a call during another shares its answer. */
  async ask(): Promise<void> {
    this.#asking ??= this.#askOnce().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Until the next question: a short lease is confirmed at least three times before its stop would begin. */
  get #round(): number {
    if (this.hold !== undefined && this.#clock.now() < this.#expectedUntil) return expecting;
    const { checkEvery = Infinity } = this.#config.ownership ?? {};
    const remaining = this.lease?.remainingMs ?? Infinity;
    return Math.max(100, Math.min(checkEvery, remaining / 3));
  }

  /** Without any lease, what runs here may do so only until the first answer. */
  get #isOver(): boolean {
    if (this.#times === undefined) return this.#answered;
    return this.#clock.now() >= this.#times.stopAt;
  }

  /** The lease that a supervisor before this one had confirmed: what it left running goes on under it. */
  async #adopt(): Promise<void> {
    const record = await readLease(leaseFile(this.#config), await bootIdentity(localHost()));
    if (record === undefined || record.state === 'lost') return;
    const at = (seconds: number): number => this.#clock.now() + (seconds - uptime()) * 1000;
    this.#times = { stopAt: at(record.stopAt), killAt: at(record.killAt), endsAt: at(record.killAt) };
  }

  #tick(): void {
    if (this.#clock.wallJump() !== 0) void this.#askAfterJump();
    if (this.#isOver === this.#expired) return;
    this.#expired = this.#isOver;
    this.#onView(undefined, this.hold);
  }

  /** The machine may have been paused: unless the remote confirms it now, the lease is over. */
  async #askAfterJump(): Promise<void> {
    const since = this.#clock.now();
    // An answer to a question from before the jump says nothing.
    await this.#asking;
    await this.ask();
    if (this.#sentAt >= since || this.#signal.aborted || this.#times === undefined) return;
    this.#times = { stopAt: since, killAt: since, endsAt: since };
  }

  async #askOnce(): Promise<void> {
    const before = this.hold;
    const sent = this.#clock.now();
    const view = await this.#readView();
    if (view === undefined) return;
    this.#unenforced = undefined;
    try {
      if (view.state === 'owner') await this.#confirm(sent, view.ownership.lease);
      else if (view.state === 'not-owner') await this.#lose();
      this.#view = view;
      if (view.state !== 'ownership-unknown') {
        this.#askedAt = this.#clock.now();
        this.#sentAt = sent;
      }
    } catch (error) {
      if (!(error instanceof LeaseUnenforcedError)) throw error;
      this.#view = view;
      this.#unenforced = error.message;
    }
    this.#answered = true;
    this.#expired = this.#isOver;
    this.#onView(before, this.hold);
  }

  async #confirm(sent: number, lease: number): Promise<void> {
    const times = leaseTimes(sent, lease, this.#config.stopGrace);
    const boot = await bootIdentity(localHost());
    // Both clocks are read at once: what passed between them would be added to the lease.
    const record = recordOf(times, this.#clock.now(), boot);
    await this.#enforced(async () => {
      await writeLease(leaseFile(this.#config), record);
      await this.#enforcer.arm(record);
    });
    this.#times = times;
  }

  /** Another host holds the loops: what outlives the stop here is killed soon. */
  async #lose(): Promise<void> {
    const boot = await bootIdentity(localHost());
    const record = await readLease(leaseFile(this.#config), boot);
    if (record === undefined || record.state === 'lost') return;
    const now = this.#clock.now();
    const times = leaseTimes(now, this.#config.stopGrace * 2 + 15_000, this.#config.stopGrace);
    const lost = recordOf(times, now, boot);
    const killAt = Math.min(record.killAt, lost.killAt);
    await this.#enforced(async () => {
      await writeLease(leaseFile(this.#config), { ...lost, killAt, state: 'lost' });
      await this.#enforcer.arm({ ...lost, killAt });
    });
    this.#times = undefined;
  }

  async #enforced(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (cause instanceof LeaseUnenforcedError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new LeaseUnenforcedError(why, { cause });
    }
  }

  async #readView(): Promise<OwnershipView | undefined> {
    try {
      return await viewOwnership(this.#config, this.#signal, this.#clock.now() < this.#expectedUntil);
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      return { state: 'ownership-unknown', detail: error instanceof Error ? error.message : String(error) };
    }
  }
}
