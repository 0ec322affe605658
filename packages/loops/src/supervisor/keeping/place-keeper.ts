import { isSystemError } from '@cutover/foundation/errno';
import { LoopsError } from '../../errors.ts';
import type { RigEventBody } from '../../events/rig-event.ts';

/** A file or socket that a rig stands on while it runs. */
export interface KeptPlace {
  readonly path: string;
  isThere(): boolean;
  /** Makes it again. */
  restore(): Promise<unknown>;
}

/** Between two events about a place that cannot be made again, in milliseconds. */
const pause = 60_000;

/**
 * Makes again what a rig stands on, when it is deleted while the rig runs: by a cleanup of the workspace, for example. Else
 * no command would find the supervisor any more, nor a next one the agents.
 */
export class PlaceKeeper {
  readonly #emit: (event: RigEventBody) => void;
  readonly #places: (() => readonly KeptPlace[])[] = [];
  readonly #toldAt = new Map<string, number>();
  #looking: Promise<void> | undefined;
  #ended = false;

  constructor(emit: (event: RigEventBody) => void) {
    this.#emit = emit;
  }

  /** From now on this place is kept too. Places are made again in the order in which they came. */
  keep(place: KeptPlace): void {
    this.keepAll(() => [place]);
  }

  /** The same of places that are others from time to time: they are asked for at each look. */
  keepAll(places: () => readonly KeptPlace[]): void {
    this.#places.push(places);
  }

  /** @throws {LoopsError} `SUPERVISOR_RUNNING`: the lock was deleted, and another supervisor has taken it. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Nothing is made again from now on: what goes away now is meant to. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#looking;
  }

  async #look(): Promise<void> {
    for (const places of this.#places) {
      for (const place of places()) if (!this.#ended && !place.isThere()) await this.#restore(place);
    }
  }

  async #restore(place: KeptPlace): Promise<void> {
    try {
      await place.restore();
      if (place.isThere()) this.#emit({ type: 'place-restored', path: place.path });
      else this.#tell(place.path, 'it was made again and is not there');
    } catch (error) {
      const isExpected =
        error instanceof LoopsError ? error.code !== 'SUPERVISOR_RUNNING' : isSystemError(error);
      if (!isExpected) throw error;
      this.#tell(place.path, error instanceof Error ? error.message : String(error));
    }
  }

  #tell(path: string, why: string): void {
    const now = performance.now();
    if (now - (this.#toldAt.get(path) ?? -pause) < pause) return;
    this.#toldAt.set(path, now);
    const detail = `${path} was deleted and cannot be made again: ${why}; make its folder, owned by this user, and the rest follows`;
    this.#emit({ type: 'place-lost', path, detail });
  }
}
