import { UsageError } from '@cutover/foundation/usage-error';
import type { LoopConfig, RigConfig } from '../config/rig-config.ts';

/**
 * The loop of that name; without a name the only one there is.
 *
 * @throws {UsageError} there is none, or several to choose from.
 */
export function chooseLoop({ rig, loops }: RigConfig, name: string | undefined): LoopConfig {
  const [first] = loops;
  const found = name === undefined && loops.length === 1 ? first : loops.find((loop) => loop.name === name);
  if (found !== undefined) return found;
  const names = loops.map((loop) => loop.name).join(', ');
  throw new UsageError(
    name === undefined ? `say which loop of ${rig}: ${names}` : `${rig} has no loop ${name}; it has ${names}`,
  );
}
