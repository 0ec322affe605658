#!/usr/bin/env node
import { runCommand } from '@cutover/command-line';
import manifest from '../package.json' with { type: 'json' };
import { createProgram } from './commands/program.ts';
import { loopsExitCode } from './exit-codes.ts';

process.exitCode = await runCommand(createProgram(), {
  exitCodeOf: loopsExitCode,
  version: manifest.version,
});
