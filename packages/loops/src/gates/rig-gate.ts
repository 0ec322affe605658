import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import { planNames } from '../state/initial-state.ts';
import { cleanEnvironment } from '../tmux/tmux-server.ts';
import type { GatePlace } from './gate-refs.ts';
import type { Gate } from './run-gate.ts';

/** Where a rig's claims and verdicts on a plan phase lie, seen from the clone of one of its loops. */
export function gatePlace(config: RigConfig, loop: LoopConfig, phase: number): GatePlace {
  const { remote, branch } = config.phases?.repository ?? { remote: 'origin', branch: 'main' };
  return { repository: loop.clone ?? loop.cwd, remote, branch, rig: config.rig, phase };
}

/** The gate of a rig's plan phase; `undefined` when it has none. */
export function rigGate(config: RigConfig, phase: number): Gate | undefined {
  const gate = config.phases?.gate;
  if (gate === undefined) return undefined;
  const plan = planNames(config)[phase] ?? '';
  const replace = (word: string): string =>
    word.replaceAll('{phase}', String(phase)).replaceAll('{plan}', plan);
  return {
    commands: gate.commands.map((command) => command.map(replace)),
    timeout: gate.timeout,
    environment: {
      ...cleanEnvironment(),
      ...config.environment,
      LOOPS_RIG: config.rig,
      LOOPS_PHASE: String(phase),
      LOOPS_PLAN: plan,
    },
  };
}
