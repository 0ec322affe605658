#!/usr/bin/env node
import { runCommand } from '@cutover/command-line';
import { Command } from 'commander';
import { activateCommand } from './cli/activate.ts';
import { decryptCommand } from './cli/decrypt.ts';
import { keygenCommand } from './cli/keygen.ts';

const program = new Command('secrets')
  .description('sops files natively, and secrets that move without ever being seen')
  .addCommand(keygenCommand())
  .addCommand(decryptCommand())
  .addCommand(activateCommand());

process.exitCode = await runCommand(program);
