import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '@cutover/host';
import * as z from 'zod';

/** What the runbook reads of `loops status --json`. */
const statusSchema = z.object({
  supervisor: z.object({ state: z.string() }),
  hold: z.string().optional(),
  phase: z.object({ index: z.number().int() }).optional(),
  loops: z.array(
    z.object({ name: z.string(), wanted: z.boolean(), state: z.string(), pid: z.number().nullish() }),
  ),
});

export type RigStatus = z.infer<typeof statusSchema>;

/** Asks the `loops` command of the new host, as the rig's user. */
export async function rigStatus(rigUser: Host, config: string, signal: AbortSignal): Promise<RigStatus> {
  const { stdout } = await rigUser.run(['loops', 'status', '--json', '--config', config], { signal });
  return statusSchema.parse(JSON.parse(stdout));
}

/** The wanted loops that do not run. */
export function notRunning({ supervisor, loops }: RigStatus): string[] {
  if (supervisor.state !== 'up') return loops.filter(({ wanted }) => wanted).map(({ name }) => name);
  return loops.filter(({ wanted, state }) => wanted && state !== 'running').map(({ name }) => name);
}

/** Waits until every wanted loop runs; the signal is the deadline. */
export async function waitForLoops(rigUser: Host, config: string, signal: AbortSignal): Promise<RigStatus> {
  for (;;) {
    const status = await rigStatus(rigUser, config, signal);
    if (status.supervisor.state === 'up' && notRunning(status).length === 0) return status;
    await delay(100, undefined, { signal });
  }
}
