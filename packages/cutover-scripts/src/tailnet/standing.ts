import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import type { CutoverSettings } from '../config/schema.ts';
import { tailnetProblem } from './join.ts';
import { type TailnetNode, tailnetNode } from './node-state.ts';
import type { TailnetError } from './tailnet-error.ts';

/** How a new host is in its tailnet, by its configuration. */
export type TailnetMode = 'direct' | 'proxy' | 'none';

export function tailnetMode({ tailnet, nixos }: CutoverSettings): TailnetMode {
  if (nixos.proxy !== undefined) return 'proxy';
  return tailnet === undefined ? 'none' : 'direct';
}

/** The socket of the daemon that the configuration declares; `undefined`: that of the system's tailscaled. */
export function proxySocket({ nixos: { proxy } }: CutoverSettings): string | undefined {
  return proxy === undefined ? undefined : `/run/${proxy.name}/tailscaled.sock`;
}

/** Where a new host stands in its tailnet; `problem` is what keeps it from being in it under its own name. */
export interface TailnetStanding {
  readonly node: TailnetNode;
  readonly problem: TailnetError | undefined;
}

/**
 * Looks at the daemon that the configuration declares.
 *
 * @param patience milliseconds that the node may take to be seen by its control server, e.g. after a boot. Default 0.
 */
export async function tailnetStanding(
  settings: CutoverSettings,
  target: Host,
  {
    patience = 0,
    signal,
  }: { readonly patience?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<TailnetStanding> {
  const { name } = settings;
  const socket = proxySocket(settings);
  const deadline = performance.now() + patience;
  for (;;) {
    const node = await tailnetNode(target, { socket, signal });
    const passing = node.state === 'unknown' || node.state === 'no-daemon';
    if (!passing || performance.now() >= deadline)
      return { node, problem: await tailnetProblem(node, target, { name, socket, signal }) };
    await delay(500, undefined, { signal });
  }
}
