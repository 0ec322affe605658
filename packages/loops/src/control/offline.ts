import type { RigConfig } from '../config/rig-config.ts';
import { RequestRefusedError } from '../errors.ts';
import { initialState, loopState } from '../state/initial-state.ts';
import { readState, writeState } from '../state/state-store.ts';
import { lockRig } from '../supervisor/exclusive-lock.ts';

/** Records which loops are wanted while no supervisor is there; the next one acts on it. */
export async function recordWanted(
  config: RigConfig,
  names: readonly string[],
  wanted: boolean,
): Promise<void> {
  const { mkdir } = await import('node:fs/promises');
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  await using _lock = await lockRig(config.stateDir);
  const state = (await readState(config.stateDir)) ?? (await initialState(config));
  const loops = { ...state.loops };
  for (const name of names) {
    if (!config.loops.some((loop) => loop.name === name)) {
      throw new RequestRefusedError('LOOP_UNKNOWN', `${config.rig} has no loop ${name}`);
    }
    const { block: _block, ...rest } = loopState(config, state, name);
    loops[name] = { ...rest, wanted };
  }
  await writeState(config.stateDir, { ...state, generation: state.generation + 1, loops });
}
