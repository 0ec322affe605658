import { withInterrupts } from '@cutover/foundation/interrupts';
import { write, processIo } from '@cutover/foundation/io';
import { runCommand } from '@cutover/foundation/run-command';
import { Command } from 'commander';
import { labFolders } from './folders.ts';
import { closeLab, destroyLab, openLab } from './lab.ts';

const program = new Command('lab')
  .description('the real Incus lab of this checkout')
  .option('--name <name>', 'another lab beside the usual one', '');

program
  .command('up')
  .description('start it and leave it running')
  .action(() =>
    withInterrupts(async (signal) => {
      const { name } = program.opts<{ name: string }>();
      await using lab = await openLab({
        name,
        signal,
        onProgress: (text) => void write(process.stderr, `${text}\n`),
      });
      await lab.keep();
      await write(process.stdout, `INCUS_DIR=${lab.folders.incus}\n${lab.url}\n`);
    }),
  );

program
  .command('down')
  .description('take it down; what makes the next start quick stays on disk')
  .action(async () => {
    const users = await closeLab(program.opts<{ name: string }>().name);
    if (users.length > 0) throw new Error(`the lab is in use by process ${users.join(', ')}: end that first`);
  });

program
  .command('destroy')
  .description('take it down and delete all it has on disk')
  .action(() => destroyLab(program.opts<{ name: string }>().name));

program
  .command('path')
  .description('print its folder, which has the log of its daemon')
  .action(() => write(process.stdout, `${labFolders(program.opts<{ name: string }>().name).root}\n`));

process.exitCode = await runCommand(program, { io: processIo });
