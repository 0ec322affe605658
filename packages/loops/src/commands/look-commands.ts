import { withInterrupts } from '@cutover/command-line';
import type { Command } from 'commander';
import type { RigStatus } from '../control/status.ts';
import { type CommonOptions, print, withCommonOptions } from './common.ts';
import { statusText } from './view.ts';

/** The commands that only look. */
export function addLookCommands(program: Command): void {
  withCommonOptions(program.command('status'))
    .description('what runs, in which phase, and why not')
    .action(async (options: CommonOptions) => {
      const [{ loadRigConfig }, { readRigStatus }] = await Promise.all([
        import('../config/rig-config.ts'),
        import('../control/rig-status.ts'),
      ]);
      const status = (await readRigStatus(await loadRigConfig(options.config))) as RigStatus;
      await print(options, status, statusText(status));
    });
  withCommonOptions(program.command('attach'))
    .argument('<loop>')
    .option('-r, --read-only', 'look only; keys do nothing but detach')
    .description("put yourself in front of an agent's terminal")
    .action(async (name: string, options: CommonOptions & { readOnly?: true }) => {
      const { loadRigConfig } = await import('../config/rig-config.ts');
      const { attach } = await import('./attach.ts');
      process.exitCode = await attach(await loadRigConfig(options.config), name, options.readOnly === true);
    });
  withCommonOptions(program.command('logs'))
    .argument('<loop>')
    .option('-f, --follow', 'go on as the agent writes')
    .option('-n, --bytes <count>', 'only so many from the end', '65536')
    .option('--raw', 'with the control sequences of the terminal')
    .description('the output of an agent')
    .action(async (name: string, options: CommonOptions & { follow?: true; bytes: string; raw?: true }) => {
      const { loadRigConfig } = await import('../config/rig-config.ts');
      const { showLog } = await import('./show-log.ts');
      const config = await loadRigConfig(options.config);
      await withInterrupts((signal) =>
        showLog(config, name, {
          bytes: Number(options.bytes),
          follow: options.follow === true,
          raw: options.raw === true,
          signal,
        }),
      );
    });
}
