import { provesStopped } from '@cutover/loops/safe-point';
import { armedFile, bootService, newProcesses, tmuxService } from '../rig/rig.ts';
import type { World } from '../world/world.ts';
import scopeProcesses from './scope-processes.sh';
import { unitState } from './unit-state.ts';

/**
 * What of the new rig runs, as root sees it: its tmux sessions, what works in its workspace, what its scopes and units
 * hold. Nothing here is asked of the rig's own supervisor.
 */
export async function runningOnNew(world: World, signal: AbortSignal): Promise<string[]> {
  const target = await world.target(signal);
  const { rig } = world.rig;
  const units = [bootService(rig), tmuxService(rig)];
  const [proof, scopes, states] = await Promise.all([
    provesStopped(target, { processes: newProcesses(world), signal }),
    target.run(['sh', '-c', scopeProcesses, 'sh', rig], { signal }),
    Promise.all(units.map((unit) => unitState(target, unit, signal))),
  ]);
  const found = [
    ...proof.remaining.map(({ kind, detail }) => `${kind}: ${detail}`),
    ...scopes.stdout.split('\n').filter((line) => line !== ''),
    ...states.filter(({ active }) => active).map(({ unit }) => `unit: ${unit} is active`),
  ];
  return [...new Set(found)];
}

/** What of the new rig runs, or would start by itself. */
export async function remainsOnNew(world: World, signal: AbortSignal): Promise<string[]> {
  const target = await world.target(signal);
  const [running, armed] = await Promise.all([
    runningOnNew(world, signal),
    target.run(['test', '-e', armedFile], { reject: false, signal }),
  ]);
  return armed.exitCode === 0 ? [...running, `${armedFile} is there`] : running;
}
