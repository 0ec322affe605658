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
process.exitCode = await runCommand(program, { exitCodeOf });
