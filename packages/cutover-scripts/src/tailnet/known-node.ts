import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '@cutover/foundation/durable-file';
import { unlessAbsent } from '@cutover/foundation/errno';
import * as z from 'zod';
import type { World } from '../world/world.ts';
import type { ControlledNode } from './control-api.ts';

const schema = z.object({ id: z.string(), addresses: z.array(z.string()) });

/** Which node of the control server is meant: a number or an address alone may be another node's by now. */
export type KnownNode = z.infer<typeof schema>;

/** Where it is remembered. */
type Place = Pick<World, 'workDirectory'>;

function nodeFile({ workDirectory }: Place): string {
  return join(workDirectory, 'tailnet-node.json');
}

/** Remembers which node is the new host's: a host that has logged out, or is gone, cannot be asked for it any more. */
export async function noteNode(world: Place, { id, addresses }: KnownNode): Promise<void> {
  const text = JSON.stringify({ id, addresses });
  if ((await unlessAbsent(readFile(nodeFile(world), 'utf8'))) === text) return;
  await mkdir(world.workDirectory, { recursive: true, mode: 0o700 });
  await writeFileDurably(nodeFile(world), text, { mode: 0o600 });
}

/** The node of the new host, as far as this state directory knows. */
export async function notedNode(world: Place): Promise<KnownNode | undefined> {
  const text = await unlessAbsent(readFile(nodeFile(world), 'utf8'));
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

/** Called once it is removed. */
export async function forgetNode(world: Place): Promise<void> {
  await rm(nodeFile(world), { force: true });
}

/** Whether two nodes have an address in common. */
export function sharesAddress(
  one: Pick<ControlledNode, 'addresses'>,
  other: Pick<ControlledNode, 'addresses'>,
): boolean {
  return one.addresses.some((address) => other.addresses.includes(address));
}
