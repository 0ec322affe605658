import { mkdir } from 'node:fs/promises';
import type { RigConfig } from '../config/rig-config.ts';
import { RequestRefusedError } from '../errors.ts';
import { initialState, loopState } from '../state/initial-state.ts';
import type { RigState } from '../state/rig-state.ts';
import { requireSameRig } from '../state/require-same-rig.ts';
import { withRound } from '../state/rounds-spent.ts';
import { readState, writeState } from '../state/state-store.ts';
import { lockRig } from '../state/rig-lock.ts';

/** Changes the state of a rig that no supervisor has charge of. */
async function changeState(config: RigConfig, change: (state: RigState) => RigState): Promise<void> {
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  await using _lock = await lockRig(config.stateDir, 'command');
  const recorded = await readState(config.stateDir);
  requireSameRig(config, recorded);
  const state = recorded ?? (await initialState(config));
  await writeState(config.stateDir, { ...change(state), generation: state.generation + 1 });
}

/** Records that no loop shall start before `loops start`, or that they may again, while no supervisor is there. */
export async function recordQuiesced(config: RigConfig, quiesced: boolean): Promise<void> {
  await changeState(config, ({ quiesced: _before, ...state }) => (quiesced ? { ...state, quiesced } : state));
}

/** Records that a plan phase was claimed for the `round`th time. */
export async function recordRound(config: RigConfig, phase: number, round: number): Promise<void> {
  await changeState(config, (state) => withRound(state, phase, round));
}

/** Records which loops are wanted while no supervisor is there; the next one acts on it. */
export async function recordWanted(
  config: RigConfig,
  names: readonly string[],
  wanted: boolean,
): Promise<void> {
  for (const name of names) {
    if (!config.loops.some((loop) => loop.name === name)) {
      throw new RequestRefusedError('LOOP_UNKNOWN', `${config.rig} has no loop ${name}`);
    }
  }
  await changeState(config, (state) => {
    const loops = { ...state.loops };
    for (const name of names) {
      const { block: _block, ...rest } = loopState(config, state, name);
      loops[name] = { ...rest, wanted };
    }
    return { ...state, loops };
  });
}
