// What the examples in doc comments and on the pages take as given.
import type { readFile as readFileOfNode } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { CommandExit, HostTransport } from '@cutover/host-contract';
import type { Host } from '@cutover/host';
import type { IncusClient } from '@cutover/incus-client';
import type { FleetMember, Target } from '@cutover/nix-deploy';
import type { Runbook } from '@cutover/runbook';
import type { AgeIdentity } from '@cutover/secrets/age';
import type { Shell } from 'zx/core';

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
  /** A line to a machine with sessions of its own. */
  interface SerialLine {
    open(argv: readonly string[], options: object): Promise<SerialSession>;
    start: HostTransport['spawn'];
    close(): Promise<void>;
  }
  interface SerialSession {
    readonly input: Writable;
    readonly output: Readable;
    readonly errors: Readable;
    readonly ended: Promise<CommandExit>;
    signalGroup(name: string): Promise<void>;
  }
  const line: SerialLine;
  function serialHost(line: SerialLine): Host;
  const members: readonly FleetMember[];
  const identities: readonly AgeIdentity[];
  const env: Readonly<Record<string, string>>;
  const bytes: Uint8Array;
  const key: Uint8Array;
  const pi: Host & Shell;
  const token: string;
  const reviewedHash: string;
  const name: string;
  const unit: string;
}
