import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import { loopsExitCodes } from '../exit-codes.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';

/** `loops first-run` and `loops login-state`: what agents need before their first start. */
export function addAgentCommands(program: Command): void {
  withCommonOptions(program.command('first-run'))
    .option('--check', 'write nothing; say what is missing, and end with 18 if something is')
    .description("answer what agents ask at their first start, in their own files, as the agents' user")
    .action(async (options: CommonOptions & { check?: true }) => {
      const [{ loadRigConfig }, { firstRun }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../agents/first-run.ts'),
      ]);
      const { missing, written } = await firstRun(
        await loadRigConfig(options.config),
        options.check === true,
      );
      if (missing.length > 0) process.exitCode = loopsExitCodes.agentsNotSetUp;
      const nothing = options.check === true ? 'nothing is missing' : 'nothing had to be written';
      const lines = [
        ...written.map((path) => `written: ${path}`),
        ...missing.map((what) => `missing: ${what}`),
      ];
      await print(options, { missing, written }, lines.length === 0 ? nothing : lines.join('\n'));
    });
  withCommonOptions(program.command('login-state'))
    .description("say whether the agents are logged in, by one live call for each login, as the agents' user")
    .action(async (options: CommonOptions) => {
      const [{ loadRigConfig }, { loginStates }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../agents/login-states.ts'),
      ]);
      const config = await loadRigConfig(options.config);
      const logins = await withInterrupts((signal) => loginStates(config, signal));
      const isIn = logins.every(({ state }) => state === 'logged-in' || state === 'at-limit');
      if (!isIn) process.exitCode = loopsExitCodes.agentsNotSetUp;
      const lines = logins.map(({ loops, state, detail }) => `${loops.join(', ')}: ${state} (${detail})`);
      await print(
        options,
        { logins },
        lines.length === 0 ? 'no agent has a login that is known' : lines.join('\n'),
      );
    });
}
