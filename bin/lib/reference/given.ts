// What the examples in doc comments take as given.
import type { readFile as readFileOfNode } from 'node:fs/promises';
import type { HostTransport } from '@cutover/host-contract';
import type { Host } from '@cutover/host';
import type { IncusClient } from '@cutover/incus-client';
import type { Target } from '@cutover/nix-deploy';
import type { Runbook } from '@cutover/runbook';

declare global {
  const readFile: typeof readFileOfNode;
  const host: Host;
  const oldHost: Host;
  const newHost: Host;
  const incus: IncusClient;
  const target: Target;
  const runbook: Runbook<unknown>;
  /** A line to a machine, in a program of the reader. */
  const serial: { readonly start: HostTransport['spawn'] };
  const reviewedHash: string;
  const name: string;
  const unit: string;
}
