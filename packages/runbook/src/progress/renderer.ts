import type { EngineEvent } from '../engine/events.ts';

/** Shows a run as it goes. */
export interface Renderer extends Disposable {
  event(event: EngineEvent): void;
  /** Stops drawing while someone else uses the terminal, until the returned function is called. */
  pause(): () => void;
}
