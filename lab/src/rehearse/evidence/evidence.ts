import type { Host } from '@cutover/host';
import type { CutoverSettings } from '@cutover/cutover-scripts';

/** Facts that one look found, as they are printed. */
export type Facts = Readonly<Record<string, unknown>>;

/** What the looks need: the machines, reached through the Incus daemon rather than through what they check. */
export interface Scene {
  readonly settings: CutoverSettings;
  /** The old host, as root. */
  readonly old: Host;
  /** The new host, as root. */
  readonly target: Host;
  /** The machine of the git server, as root. */
  readonly forge: Host;
  /** The folder there with the bare repositories. */
  readonly repositories: string;
  readonly signal: AbortSignal;
}

/** A look at the machines found something other than what was promised. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError';
  readonly code = 'EVIDENCE_REFUTED';
  readonly facts: Facts;

  constructor(message: string, facts: Facts = {}) {
    super(`${message}: ${JSON.stringify(facts)}`);
    this.facts = facts;
  }
}

/** @throws {EvidenceError} `holds` is false. */
export function demand(holds: boolean, promise: string, facts: Facts = {}): void {
  if (!holds) throw new EvidenceError(`not so: ${promise}`, facts);
}

/** Runs a command and returns its trimmed stdout. */
export async function output(host: Host, argv: readonly string[], signal: AbortSignal): Promise<string> {
  return (await host.run(argv, { signal })).stdout.trim();
}

/** Runs a command and returns its trimmed stdout, whatever its exit code. */
export async function answer(host: Host, argv: readonly string[], signal: AbortSignal): Promise<string> {
  return (await host.run(argv, { signal, reject: false })).stdout.trim();
}
