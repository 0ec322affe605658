import { readFile } from 'node:fs/promises';
import type { Host } from '@cutover/host';
import * as z from 'zod';
import type { World } from '../world/world.ts';

/** What a host says of its own place in the tailnet. */
export interface TailnetMembership {
  readonly online: boolean;
  readonly state: string;
  readonly addresses: readonly string[];
}

const statusSchema = z.object({
  BackendState: z.string(),
  Self: z.object({ Online: z.boolean().optional(), TailscaleIPs: z.array(z.string()).nullish() }).nullish(),
});

const keyFile = '/run/cutover-tailnet-key';

/** Asks tailscaled on the host. */
export async function tailnetMembership(host: Host, signal: AbortSignal): Promise<TailnetMembership> {
  const { stdout } = await host.run(['tailscale', 'status', '--json', '--peers=false'], {
    reject: false,
    signal,
  });
  const { BackendState: state, Self: self } = statusSchema.parse(JSON.parse(stdout));
  return { online: state === 'Running' && self?.Online === true, state, addresses: self?.TailscaleIPs ?? [] };
}

/** Joins with the one-off key of the config; the key travels on standard input and lies on the host for that moment. */
export async function joinTailnet(world: World, signal: AbortSignal): Promise<void> {
  const { tailnet, name } = world.settings;
  if (tailnet === undefined) return;
  const target = await world.target(signal);
  await target.writeFile(keyFile, await readFile(tailnet.authKey), { mode: 0o400, signal });
  try {
    const server = tailnet.loginServer === undefined ? [] : [`--login-server=${tailnet.loginServer}`];
    await target.run(['tailscale', 'up', `--auth-key=file:${keyFile}`, `--hostname=${name}`, ...server], {
      signal,
    });
  } finally {
    await target.run(['rm', '-f', keyFile]);
  }
}
