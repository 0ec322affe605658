import type { Evidence } from './json.ts';

declare const found: unique symbol;

/** A step, as far as another one needs to know it to read its evidence. */
export interface StepReference<Found extends Evidence> {
  /** Unique in its runbook, kebab-case; journals, gates and messages call it by this. */
  readonly id: string;
  /** Raise it when what the step does changes: a journal of the older version is then stale. */
  readonly version: number;
  /** A type only; no step has it. */
  readonly [found]?: Found;
}
