#!/usr/bin/env node
import { runProcess } from '@cutover/command-line';
import manifest from '../package.json' with { type: 'json' };
import { createProgram } from './commands/program.ts';
import { loopsExitCode } from './exit-codes.ts';

runProcess(createProgram(), {
  exitCodeOf: loopsExitCode,
  version: manifest.version,
});
