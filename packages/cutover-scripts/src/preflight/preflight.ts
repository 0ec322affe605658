import type { Finding } from '@cutover/runbook';
import type { World } from '../world/world.ts';
import { agreementChecks } from './agreement.ts';
import { certificateChecks } from './certificates.ts';
import { findingOf } from './check.ts';
import { forgeChecks } from './forge.ts';
import { incusChecks } from './incus.ts';
import { oldHostChecks } from './old-host.ts';
import { ownershipChecks } from './ownership.ts';
import { tailnetChecks } from './tailnet.ts';
import { toolChecks } from './tools.ts';

/**
 * Looks at everything that a cutover stands on, all at once, and changes nothing. Each finding comes as soon as it is
 * there; one that cannot be made is not ok, and says why.
 */
export async function* preflight(world: World, signal: AbortSignal): AsyncGenerator<Finding> {
  const checks = [
    ...toolChecks(world),
    ...certificateChecks(world),
    ...incusChecks(world),
    ...oldHostChecks(world),
    ...agreementChecks(world),
    ...forgeChecks(world),
    ...ownershipChecks(world),
    ...tailnetChecks(world),
  ];
  const pending = new Map(checks.map((check, index) => [index, numbered(index, findingOf(check, signal))]));
  while (pending.size > 0) {
    const [index, finding] = await Promise.race(pending.values());
    pending.delete(index);
    yield finding;
  }
}

async function numbered(index: number, finding: Promise<Finding>): Promise<[number, Finding]> {
  return [index, await finding];
}
