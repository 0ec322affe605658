import { processIo } from '@cutover/foundation/io';
import { runCommand } from '@cutover/foundation/run-command';
import { createProgram, exitCodeOf, type PhaseId } from '@cutover/runbook';
import { loadRunbook } from '../runbook.ts';

/** Runs the cutover to the end of a phase, with the rest of the command line as options of `cutover run`. */
export async function runPhase(phase: PhaseId): Promise<void> {
  const program = createProgram({
    load: loadRunbook,
    io: processIo,
    interactive: process.stdin.isTTY && process.stdout.isTTY,
  });
  const argv = ['run', '--until', phase, ...process.argv.slice(2)];
  // A call of a step that does not heed its signal must not go on after the run has ended.
  process.exit(await runCommand(program, { argv, exitCodeOf }));
}
