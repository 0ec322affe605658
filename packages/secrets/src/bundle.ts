#!/usr/bin/env node
import { commandVersion } from '@cutover/foundation/command-version';
import { runProcess } from '@cutover/foundation/run-process';
import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { setUpActivate } from './commands/activate/command.ts';
import { setUpDecrypt } from './commands/decrypt/command.ts';
import { descriptions } from './commands/descriptions.ts';
import { secretsExitCode } from './commands/exit-codes.ts';
import { setUpKeygen } from './commands/keygen/command.ts';

// What a host needs at run time, in one file with nothing from npm beside it.
const program = new Command('secrets')
  .description('sops secrets on this host')
  .addCommand(setUpActivate(new Command('activate').description(descriptions.activate)))
  .addCommand(setUpDecrypt(new Command('decrypt').description(descriptions.decrypt)))
  .addCommand(setUpKeygen(new Command('keygen').description(descriptions.keygen)));

runProcess(program, { exitCodeOf: secretsExitCode, version: commandVersion(manifest.version) });
