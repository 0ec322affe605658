import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { type Host, sshHost } from '@cutover/host';
import { UsageError } from '@cutover/runbook';

/** What the steps work on: the two hosts, as root. */
export interface World {
  readonly old: Host;
  readonly new: Host;
}

/** Which of the two hosts. */
export type Side = 'old' | 'new';

/** One host of the config file. Its key must be in `hostKeys`, or else in the known_hosts files of this machine. */
interface HostConfig {
  readonly host: string;
  readonly privateKeyFile: string;
  readonly hostKeys?: readonly string[] | undefined;
}

/** Reads the config file. Each host is connected to by the first step that needs it. */
export async function openWorld(configFile: string): Promise<World> {
  const config: unknown = JSON.parse(await readFile(configFile, 'utf8'));
  return { old: open(config, 'old', configFile), new: open(config, 'new', configFile) };
}

function open(config: unknown, side: Side, file: string): Host {
  const found = new Map<string, unknown>(Object.entries(config ?? {})).get(side);
  if (!isHostConfig(found)) throw new UsageError(`${file}: ${side} must have a host and a privateKeyFile`);
  const { host, privateKeyFile, hostKeys } = found;
  return sshHost({
    name: side,
    host,
    user: 'root',
    privateKeyFile: privateKeyFile.replace(/^~/, homedir()),
    hostKeys,
  });
}

function isHostConfig(value: unknown): value is HostConfig {
  return (
    typeof value === 'object' &&
    value !== null &&
    'host' in value &&
    typeof value.host === 'string' &&
    'privateKeyFile' in value &&
    typeof value.privateKeyFile === 'string'
  );
}
