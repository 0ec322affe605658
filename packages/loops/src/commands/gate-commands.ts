import { UsageError } from '@cutover/command-line';
import type { Command } from 'commander';
import type { LoopConfig, RigConfig } from '../config/rig-config.ts';
import type { GatePlace } from '../gates/gate-refs.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';

interface GateOptions extends CommonOptions {
  readonly phase?: string;
  readonly loop?: string;
}

/** `loops claim` and `loops verdict`. */
export function addGateCommands(program: Command): void {
  withCommonOptions(program.command('claim'))
    .option('--phase <index>', 'the plan phase; the current one without it')
    .option('--loop <name>', 'who claims; LOOPS_LOOP, or the one claimer, without it')
    .option('--sha <commit>', "the commit; the clone's HEAD without it")
    .description('claim that the plan phase is done at one commit')
    .action(async (options: GateOptions & { sha?: string }) => {
      const { config, loop, place, host } = await gate(options, 'claimer');
      const { pushClaim } = await import('../gates/push-claim.ts');
      const claim = await pushClaim(host, {
        ...place,
        by: loop.name,
        ...(config.phases === undefined ? {} : { maxRounds: config.phases.maxRounds }),
        ...(options.sha === undefined ? {} : { sha: options.sha }),
      });
      await print(options, claim, `claimed phase ${claim.phase} at ${claim.sha}, round ${claim.round}`);
    });
  withCommonOptions(program.command('verdict'))
    .argument('<pass|fail>')
    .requiredOption('--sha <commit>', 'the commit that was reviewed, in full')
    .option('--note <text>', 'why', '')
    .option('--phase <index>', 'the plan phase; the current one without it')
    .option('--loop <name>', 'who answers; LOOPS_LOOP, or the one reviewer, without it')
    .description('answer the claim, on the very commit that was claimed')
    .action(async (verdict: string, options: GateOptions & { sha: string; note: string }) => {
      if (verdict !== 'pass' && verdict !== 'fail') throw new UsageError('a verdict is pass or fail');
      const { loop, place, host } = await gate(options, 'reviewer');
      const { pushVerdict } = await import('../gates/push-verdict.ts');
      const answer = await pushVerdict(host, {
        ...place,
        by: loop.name,
        sha: options.sha,
        verdict,
        note: options.note,
      });
      await print(options, answer, `${answer.verdict} on phase ${answer.phase} at ${answer.sha}`);
    });
}

/** The commit on which a phase was passed. @throws {LoopsError} `ADVANCE_REFUSED`: it was not. */
export async function passedCommit(config: RigConfig, phase: number): Promise<string> {
  const [{ thisHost }, { requirePassed }] = await Promise.all([
    import('../this-host.ts'),
    import('../gates/push-verdict.ts'),
  ]);
  const loop = config.loops.find(({ role, clone }) => role === 'claimer' && clone !== undefined);
  if (loop === undefined) throw new UsageError(`${config.rig} has no loop with the role claimer and a clone`);
  const { claim } = await requirePassed(thisHost(), gatePlace(config, loop, phase));
  return claim.sha;
}

async function gate(options: GateOptions, role: 'claimer' | 'reviewer') {
  const [{ loadRigConfig }, { thisHost }, { readState }, { initialState }] = await Promise.all([
    import('../config/rig-config.ts'),
    import('../this-host.ts'),
    import('../state/state-store.ts'),
    import('../state/initial-state.ts'),
  ]);
  const config = await loadRigConfig(options.config);
  const name = options.loop ?? process.env['LOOPS_LOOP'];
  const loop = config.loops.find((one) => (name === undefined ? one.role === role : one.name === name));
  if (loop?.clone === undefined)
    throw new UsageError(
      `${config.rig} has no loop with the role ${role} and a clone; say which with --loop`,
    );
  const phase =
    options.phase === undefined
      ? ((await readState(config.stateDir)) ?? (await initialState(config))).phaseIndex
      : Number(options.phase);
  return { config, loop, place: gatePlace(config, loop, phase), host: thisHost() };
}

function gatePlace(config: RigConfig, loop: LoopConfig, phase: number): GatePlace {
  const { remote, branch } = config.phases?.repository ?? { remote: 'origin', branch: 'main' };
  return { repository: loop.clone ?? loop.cwd, remote, branch, rig: config.rig, phase };
}
