#!/usr/bin/env node
import { runCommand } from '@cutover/command-line';
import { createProgram } from './commands/program.ts';
import { loopsExitCode } from './exit-codes.ts';

process.exitCode = await runCommand(createProgram(), { exitCodeOf: loopsExitCode });
