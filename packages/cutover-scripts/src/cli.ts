#!/usr/bin/env node
import { processIo } from '@cutover/foundation/io';
import { runCommand } from '@cutover/foundation/run-command';
import { createProgram, exitCodeOf } from '@cutover/runbook';
import manifest from '../package.json' with { type: 'json' };

const program = createProgram({
  // Only some commands need it, and it takes longer to load than they take.
  load: async (...places) => (await import('./runbook.ts')).loadRunbook(...places),
  io: processIo,
  interactive: process.stdin.isTTY && process.stdout.isTTY,
});
// A call of a step that did not heed its signal must not go on once the run has ended.
process.exit(await runCommand(program, { exitCodeOf, version: manifest.version }));
