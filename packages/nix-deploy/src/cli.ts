#!/usr/bin/env node
import { runCommand } from '@cutover/command-line';
import manifest from '../package.json' with { type: 'json' };

import { createProgram } from './commands/program.ts';
import { deployExitCode } from './exit-codes.ts';

process.exitCode = await runCommand(createProgram(), {
  exitCodeOf: deployExitCode,
  version: manifest.version,
});
