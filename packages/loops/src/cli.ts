#!/usr/bin/env node
import { commandVersion } from '@cutover/foundation/command-version';
import { runProcess } from '@cutover/foundation/run-process';
import manifest from '../package.json' with { type: 'json' };
import { createProgram } from './commands/program.ts';
import { loopsExitCode } from './exit-codes.ts';

runProcess(createProgram(), {
  exitCodeOf: loopsExitCode,
  version: commandVersion(manifest.version),
});
