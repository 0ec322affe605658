#!/usr/bin/env node
import { processIo, runCommand } from '@cutover/command-line';
import { exitCodeOf } from './commands/exit-codes.ts';
import { createProgram } from './commands/program.ts';
import { loadRunbook } from './runbook.ts';

const program = createProgram({
  load: loadRunbook,
  io: processIo,
  interactive: process.stdin.isTTY && process.stdout.isTTY,
});
// A call of a step that did not heed its signal must not go on once the run has ended.
process.exit(await runCommand(program, { exitCodeOf }));
