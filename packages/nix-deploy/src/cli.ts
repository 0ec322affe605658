import { commandVersion } from '@cutover/foundation/command-version';
import { runProcess } from '@cutover/foundation/run-process';
import manifest from '../package.json' with { type: 'json' };

import { createProgram } from './commands/program.ts';
import { deployExitCode } from './exit-codes.ts';

runProcess(createProgram(), {
  exitCodeOf: deployExitCode,
  version: commandVersion(manifest.version),
});
