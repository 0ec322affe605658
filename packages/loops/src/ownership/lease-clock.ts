import { readFileSync } from 'node:fs';

/** What a machine's clocks say, each in milliseconds. */
export interface Clocks {
  /** CLOCK_MONOTONIC: stands still while the machine is suspended. */
  monotonic(): number;
  /** /proc/uptime: counts suspend. */
  uptime(): number;
  /** The wall clock: may jump. */
  wall(): number;
}

export const machineClocks: Clocks = {
  monotonic: () => performance.now(),
  uptime: () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000,
  wall: () => Date.now(),
};

/** How far the wall clock may run ahead of the others before that is a jump, in milliseconds. */
const jump = 5000;

/**
 * Time as a lease counts it: it never runs slower than the faster of CLOCK_MONOTONIC and /proc/uptime. The wall clock
 * decides nothing, but where it runs ahead of both, the machine may have been paused.
 */
export class LeaseClock {
  readonly #clocks: Clocks;
  readonly #monotonic: number;
  readonly #uptime: number;
  #drift: number;

  constructor(clocks: Clocks = machineClocks) {
    this.#clocks = clocks;
    this.#monotonic = clocks.monotonic();
    this.#uptime = clocks.uptime();
    this.#drift = clocks.wall();
  }

  /** Milliseconds since this clock was made. */
  now(): number {
    const monotonic = this.#clocks.monotonic() - this.#monotonic;
    return Math.max(monotonic, this.#clocks.uptime() - this.#uptime);
  }

  /** How far the wall clock has jumped against this one since the last call, in milliseconds; 0: it has not. */
  wallJump(): number {
    const drift = this.#clocks.wall() - this.now();
    const moved = drift - this.#drift;
    if (Math.abs(moved) < jump) return 0;
    this.#drift = drift;
    return moved;
  }
}
