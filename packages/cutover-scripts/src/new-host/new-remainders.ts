import { provesStopped } from '@cutover/loops/safe-point';
import { armedFile, bootService, newProcesses, tmuxService } from '../rig/rig.ts';
import type { World } from '../world/world.ts';
import { unitState } from './unit-state.ts';

/** What of the new rig runs, or would start by itself. */
export async function newRemainders(world: World, signal: AbortSignal): Promise<string[]> {
  const [user, target] = [await world.targetRig(signal), await world.target(signal)];
  const { remaining } = await provesStopped(user, { processes: newProcesses(world.rig), signal });
  const states = await Promise.all(
    [bootService(world.rig.rig), tmuxService(world.rig.rig)].map((unit) => unitState(target, unit, signal)),
  );
  const armed = await target.run(['test', '-e', armedFile], { reject: false, signal });
  return [
    ...remaining.map(({ kind, detail }) => `${kind}: ${detail}`),
    ...states.filter(({ active }) => active).map(({ unit }) => `unit: ${unit} is active`),
    ...(armed.exitCode === 0 ? [`${armedFile} is there`] : []),
  ];
}
