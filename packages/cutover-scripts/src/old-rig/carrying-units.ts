import type { Host } from '@cutover/host';
import script from './carrying-units.sh';

/** Those of some units that our own connection to the host comes by, e.g. its tailscaled; all of them where that is not known. */
export async function carryingUnits(
  host: Host,
  units: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (units.length === 0) return [];
  const { stdout } = await host.run(['sh', '-s', '--', ...units], { input: script, signal });
  const named = stdout.split('\n');
  return units.filter((unit) => named.includes(unit));
}
