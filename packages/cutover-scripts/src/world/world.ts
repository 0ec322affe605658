import type { Host } from '@cutover/host';
import type { IncusClient } from '@cutover/incus-client';
import type { RigConfig } from '@cutover/loops';
import type { SecretsConfig } from '@cutover/secrets';
import type { CutoverSettings } from '../config/schema.ts';
import type { Answers } from './answers.ts';
import type { ConfigurationRepository } from './configuration-repository.ts';
import type { Forge } from './forge.ts';

/** What the steps work on: the config files, parsed, and every machine that the cutover touches. */
export interface World extends AsyncDisposable {
  readonly settings: CutoverSettings;
  /** `loops.yaml`: the rig as it will run on the new host. */
  readonly rig: RigConfig;
  /** The text of that file; it becomes a part of the closure. */
  readonly rigText: string;
  /** `secrets.yaml`: which secrets move, from where to where. */
  readonly secrets: SecretsConfig;
  /** The public half of `ssh.privateKey`: root of the new host lets it in. */
  readonly rootKey: string;
  /** The Incus server, within the config's project; connected at the first call. */
  incus(signal: AbortSignal): Promise<IncusClient>;
  /** The old host, as root. */
  readonly old: Host;
  /** Whether the old host answers, and when it did last. */
  readonly oldAnswers: Answers;
  /** The old host, as the user of its rig. */
  readonly oldRig: Host;
  /**
   * The new host, as root over ssh. Its host key is read through the Incus API, which is verified by the pinned
   * server certificate, so not even the first connection is a matter of trust.
   */
  target(signal: AbortSignal): Promise<Host>;
  /** The next `target` connects again: to the address that the new host has then. */
  forgetTarget(): void;
  /** A new connection to the new host, as root, whatever has become of the shared one. */
  freshTarget(signal: AbortSignal): Promise<Host>;
  /** Inside the new host, by way of the Incus server: it need not let us in by ssh. */
  inside(signal: AbortSignal): Promise<Host>;
  /** The new host, as the user of its rig. */
  targetRig(signal: AbortSignal): Promise<Host>;
  readonly forge: Forge;
  readonly configuration: ConfigurationRepository;
  /** This machine. */
  readonly here: Host;
  /** This machine, with a git that reaches the forge. */
  readonly gitHere: Host;
  /** Where this cutover keeps its working copies. */
  readonly workDirectory: string;
}
