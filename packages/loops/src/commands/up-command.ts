import { withInterrupts } from '@cutover/foundation/interrupts';
import type { Command } from 'commander';
import { loopsExitCodes } from '../exit-codes.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';
import { Hangups } from './hangups.ts';
import { eventLine } from './view.ts';

/** `loops up`: the supervisor, in the foreground. */
export function addUpCommand(program: Command): void {
  withCommonOptions(program.command('up'))
    .description('run the supervisor in the foreground; the agents outlive it; SIGHUP is like loops reload')
    .action(async (options: CommonOptions) => {
      const [{ loadRigConfig }, { runSupervisor }] = await Promise.all([
        import('../config/load-rig-config.ts'),
        import('../supervisor/run-supervisor.ts'),
      ]);
      const config = await loadRigConfig(options.config);
      using hangups = new Hangups();
      const left = new AbortController();
      hangups.addEventListener('end', () => left.abort());
      const end = await withInterrupts((signal) =>
        runSupervisor(config, {
          signal: AbortSignal.any([signal, left.signal]),
          reloads: hangups,
          tmuxServer: process.env['LOOPS_TMUX'] === 'external' ? 'external' : 'own',
          onEvent: (event) => void print(options, event, eventLine(event)),
        }),
      );
      process.exitCode = end === 'request' ? loopsExitCodes.ended : 0;
    });
}
