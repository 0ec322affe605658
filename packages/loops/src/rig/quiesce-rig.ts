import { localHost } from '@cutover/host';
import type { RigConfig } from '../config/rig-config.ts';
import { LoopsError } from '../errors.ts';
import { quiesce } from '../safe-point/quiesce.ts';
import type { QuiesceEvent, QuiesceReport } from '../safe-point/quiesce-report.ts';
import { askRigOf } from '../control/ask-rig.ts';
import { requireSameRig } from '../state/require-same-rig.ts';
import { readState } from '../state/state-store.ts';
import { endLoops } from './end-loops.ts';
import { recordQuiesced } from './offline.ts';
import { rigProcesses } from './rig-processes.ts';

/** How long to wait for a safe point, and whether the rig stays at rest. */
export interface QuiesceRigOptions {
  /** Milliseconds to wait for a safe point. */
  readonly deadline: number;
  /** Start nothing before `loops start`, not even after a reboot. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  /** Gets what happens, in order. */
  readonly onEvent?: ((event: QuiesceEvent) => void) | undefined;
}

/** What a quiesce of a whole rig came to. */
export interface RigQuiesceReport extends QuiesceReport {
  /** Loops without a clone: they were stopped, and whether their work is safe was not looked at. */
  readonly unchecked: readonly string[];
}

/**
 * Brings this machine's rig to rest at a safe point, through its supervisor when it has one.
 *
 * @example
 * const config = await loadRigConfig('loops.yaml');
 * const signal = AbortSignal.timeout(120_000);
 * const { safe, clones } = await quiesceRig(config, { deadline: 60_000, keep: false, signal });
 */
export async function quiesceRig(config: RigConfig, options: QuiesceRigOptions): Promise<RigQuiesceReport> {
  requireSameRig(config, await readState(config.stateDir));
  await using host = localHost();
  const unchecked = config.loops.filter(({ clone }) => clone === undefined).map(({ name }) => name);
  const report = await quiesce(host, {
    clones: [...new Set(config.loops.flatMap(({ clone }) => clone ?? []))],
    processes: await rigProcesses(config),
    deadline: options.deadline,
    stopTimeout: config.stopGrace * 2 + 5000,
    salvage: { push: config.quiesce.push },
    signal: options.signal,
    onEvent: options.onEvent,
    turns: turnsUnderWay(config),
    hold: async (signal) => {
      try {
        await askRigOf(config, 'hold', { keep: options.keep }, { signal });
      } catch (error) {
        if (!(error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT')) throw error;
        if (options.keep) await recordQuiesced(config, true);
      }
    },
    stop: async (signal, grace) => {
      try {
        await askRigOf(config, 'stop-all', { reason: 'quiesced', grace }, { signal });
      } catch (error) {
        if (!(error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT')) throw error;
        await endLoops(config, undefined, grace);
      }
    },
  });
  return { ...report, unchecked };
}

/** How long after a turn the next one may begin, of a prompt that stood behind it, in milliseconds. */
const queuePatience = 1500;

/** The loops whose agents are in a turn, or have ended one just now. */
function turnsUnderWay(config: RigConfig): (signal: AbortSignal) => Promise<readonly string[]> {
  let seen: { readonly at: number; readonly names: readonly string[] } = { at: -Infinity, names: [] };
  return async (signal) => {
    try {
      const { loops } = await askRigOf(config, 'status', {}, { signal });
      const names = loops.flatMap(({ name, pid, agent }) =>
        pid === undefined || agent?.turnSince === undefined ? [] : [name],
      );
      if (names.length > 0) seen = { at: performance.now(), names };
      return performance.now() - seen.at < queuePatience ? seen.names : [];
    } catch (error) {
      // Without a supervisor, or one that answers, it is not known whether a turn ends.
      if (error instanceof LoopsError && error.code.startsWith('SUPERVISOR_')) return [];
      throw error;
    }
  };
}
