import type { Attested } from '../journal/statement.ts';
import type { Evidence } from './json.ts';
import type { StepReference } from './step-reference.ts';

/** What a step's functions are given. */
export interface StepContext<World> {
  readonly world: World;
  /** Aborts at the step's deadline and at the second Ctrl-C. Pass it to everything that waits. */
  readonly signal: AbortSignal;
  /** The same in every attempt of one move, for instance to label what is made outside. */
  readonly runId: string;
  /** The hash of the plan that runs, which an attestation is bound to. */
  readonly planHash: string;
  /** The last word of a person about something that cannot be asked; the step judges whether it counts. */
  readonly attested: Attested | undefined;
  /** A systemd unit name of this step's own (without suffix), for remote work that outlives the connection. */
  readonly unit: string;
  /**
   * What `verify` (or `check`) of an earlier step found.
   *
   * @throws {InvalidRunbookError} that step is not verified: name it in `needs`.
   */
  evidence<Found extends Evidence>(step: StepReference<Found>): Found;
  /**
   * When a run of one of the runbook's lists last ended with all of it verified, ISO 8601, e.g. of `reboot-proof`;
   * `undefined`: it has not, or was started and not completed since.
   */
  completed(list: string): string | undefined;
  /** The operation that an interrupted attempt of this step recorded. */
  readonly recordedOperation: string | undefined;
  /**
   * Records what is about to be waited for outside (an Incus operation, a unit), so that a resumed run finds it again.
   * Await it before waiting.
   */
  operation(externalId: string): Promise<void>;
  /** Shows a short text beside the running step. Not recorded. */
  progress(text: string): void;
  /** Records who owns the thing that moves now, and under which epoch. `Runbook.words` says what that is called. */
  owner(owner: string, epoch: number): Promise<void>;
  /** Records the moment at which it stopped (`begins`) or came back (`ends`); the report's downtime is between them. */
  downtime(edge: 'begins' | 'ends'): Promise<void>;
}
