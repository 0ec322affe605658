import { withInterrupts } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';
import type { Command } from 'commander';
import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import type { Handoff } from '../control/requests.ts';
import type { RigState } from '../state/rig-state.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';

interface GateOptions extends CommonOptions {
  readonly phase?: string | undefined;
  readonly loop?: string | undefined;
}

/** `loops claim` and `loops verdict`. */
export function addGateCommands(program: Command): void {
  withCommonOptions(program.command('claim'))
    .option('--phase <index>', 'plan phase (default: the current one)')
    .option('--loop <name>', 'the loop that claims (default: LOOPS_LOOP, else the claimer)')
    .option('--sha <commit>', "commit (default: the clone's HEAD)")
    .description('claim that the plan phase is done at one commit; the commit must pass the gate')
    .action((options: GateOptions & { sha?: string }) => claim(options));
  withCommonOptions(program.command('verdict'))
    .argument('<pass|fail>', 'whether the claimed commit does what the plan says')
    .requiredOption('--sha <commit>', 'the claimed commit, as a full hash')
    .option('--note <text>', 'the reason, kept with the verdict', '')
    .option('--phase <index>', 'plan phase (default: the current one)')
    .option('--loop <name>', 'the loop that answers (default: LOOPS_LOOP, else the reviewer)')
    .description('answer the claim on the plan phase')
    .action((verdict: string, options: GateOptions & { sha: string; note: string }) =>
      answer(verdict, options),
    );
}

/**
 * The commit on which a phase was passed: the verdict says so, and the gate once more.
 *
 * @throws {LoopsError} `ADVANCE_REFUSED`, `GATE_FAILED`: it was not.
 */
export async function passedCommit(config: RigConfig, phase: number): Promise<string> {
  const [{ thisHost }, { requirePassed }, { runGate }, { gatePlace, rigGate }] = await Promise.all([
    import('./this-host.ts'),
    import('../gates/push-verdict.ts'),
    import('../gates/run-gate.ts'),
    import('../gates/rig-gate.ts'),
  ]);
  const loop = config.loops.find(({ role, clone }) => role === 'claimer' && clone !== undefined);
  if (loop === undefined) throw new UsageError(`${config.rig} has no loop with the role claimer and a clone`);
  const reviewers = config.loops.filter(({ role }) => role === 'reviewer').map(({ name }) => name);
  return withInterrupts(async (signal) => {
    const place = { ...gatePlace(config, loop, phase), signal };
    const { claim: claimed } = await requirePassed(thisHost(), place, reviewers);
    const gate = rigGate(config, phase);
    if (gate === undefined) return claimed.sha;
    await runGate(thisHost(), place, gate, claimed.sha);
    // It may have taken long, and the branch may have moved on.
    return (await requirePassed(thisHost(), place, reviewers)).claim.sha;
  });
}

async function claim(options: GateOptions & { sha?: string }): Promise<void> {
  const { config, loop, phase, state } = await chosen(options, 'claimer');
  const [{ thisHost }, { pushClaim }, { gatePlace, rigGate }, { LoopsError }, { roundsSpent }] =
    await Promise.all([
      import('./this-host.ts'),
      import('../gates/push-claim.ts'),
      import('../gates/rig-gate.ts'),
      import('../errors.ts'),
      import('../state/rounds-spent.ts'),
    ]);
  const gate = rigGate(config, phase);
  try {
    const claimed = await withInterrupts((signal) =>
      pushClaim(thisHost(), {
        ...gatePlace(config, loop, phase),
        by: loop.name,
        signal,
        maxRounds: config.phases?.maxRounds,
        roundsSpent: roundsSpent(state, phase),
        sha: options.sha,
        gate,
      }),
    );
    const { sha, round } = claimed;
    await tellSupervisor(config, { type: 'claimed', loop: loop.name, phase, sha, round });
    await print(options, claimed, `claimed phase ${phase} at ${sha}, round ${round}`);
  } catch (error) {
    if (error instanceof LoopsError && error.code === 'ROUNDS_USED_UP')
      await tellSupervisor(config, { type: 'escalated', loop: loop.name, detail: error.message });
    throw error;
  }
}

async function answer(verdict: string, options: GateOptions & { sha: string; note: string }): Promise<void> {
  if (verdict !== 'pass' && verdict !== 'fail') throw new UsageError('a verdict is pass or fail');
  const { config, loop, phase } = await chosen(options, 'reviewer');
  const [{ thisHost }, { pushVerdict }, { gatePlace }] = await Promise.all([
    import('./this-host.ts'),
    import('../gates/push-verdict.ts'),
    import('../gates/rig-gate.ts'),
  ]);
  const { sha, note } = options;
  const answered = await withInterrupts((signal) =>
    pushVerdict(thisHost(), { ...gatePlace(config, loop, phase), by: loop.name, signal, sha, verdict, note }),
  );
  await tellSupervisor(config, { type: 'verdict', loop: loop.name, phase, sha, verdict, note });
  await print(options, answered, `${verdict} on phase ${phase} at ${sha}`);
}

/** For the history and the notification hooks; where no supervisor is, the refs say it all. */
async function tellSupervisor(config: RigConfig, handoff: Handoff): Promise<void> {
  const [{ controlSocket }, { askSupervisor }, { LoopsError }] = await Promise.all([
    import('../config/rig-places.ts'),
    import('../control/control-connection.ts'),
    import('../errors.ts'),
  ]);
  try {
    await askSupervisor(controlSocket(config), 'handoff', handoff);
  } catch (error) {
    if (!(error instanceof LoopsError && error.code === 'SUPERVISOR_ABSENT')) throw error;
    if (handoff.type !== 'claimed') return;
    const { recordRound } = await import('../rig/offline.ts');
    await recordRound(config, handoff.phase, handoff.round);
  }
}

async function chosen(
  options: GateOptions,
  role: 'claimer' | 'reviewer',
): Promise<{ config: RigConfig; loop: LoopConfig; phase: number; state: RigState }> {
  const [{ loadRigConfig }, { readState }, { initialState }, { speakingLoop }] = await Promise.all([
    import('../config/load-rig-config.ts'),
    import('../state/state-store.ts'),
    import('../state/initial-state.ts'),
    import('../rig/speaking-loop.ts'),
  ]);
  const config = await loadRigConfig(options.config);
  const loop = await speakingLoop(config, role, options.loop);
  const state = (await readState(config.stateDir)) ?? (await initialState(config));
  const phase = options.phase === undefined ? state.phaseIndex : planPhase(config, options.phase);
  return { config, loop, phase, state };
}

function planPhase(config: RigConfig, text: string): number {
  const total = config.phases?.plans.length ?? 0;
  if (/^\d+$/.test(text) && Number(text) < total) return Number(text);
  throw new UsageError(
    total === 0
      ? `${config.rig} has no plan phases`
      : `--phase ${text}: must be a plan phase, 0 to ${total - 1}`,
  );
}
