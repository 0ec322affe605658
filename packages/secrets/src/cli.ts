#!/usr/bin/env node
import { runProcess } from '@cutover/foundation/run-process';
import manifest from '../package.json' with { type: 'json' };
import { secretsExitCode } from './commands/exit-codes.ts';
import { fromSopsArguments } from './commands/sops-arguments.ts';
import { createProgram } from './commands/program.ts';

const argv = fromSopsArguments(process.argv.slice(2));
runProcess(await createProgram(argv), {
  argv,
  exitCodeOf: secretsExitCode,
  version: manifest.version,
});
