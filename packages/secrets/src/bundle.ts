#!/usr/bin/env node
import { runProcess } from '@cutover/foundation/run-process';
import { Command } from 'commander';
import { activateCommand } from './cli/activate.ts';
import { decryptCommand } from './cli/decrypt.ts';
import { secretsExitCode } from './cli/exit-codes.ts';
import { keygenCommand } from './cli/keygen.ts';

// What a host needs at run time, in one file with nothing from npm beside it.
const program = new Command('secrets')
  .description('sops secrets on this host')
  .addCommand(activateCommand())
  .addCommand(decryptCommand())
  .addCommand(keygenCommand());

runProcess(program, { exitCodeOf: secretsExitCode });
