#!/usr/bin/env node
// Phase E, after A to D: the orchestrator session; a person connects; the old side goes idle.
// Options: those of `cutover run`. What is done already is looked at and left as it is. Copy this file and change it.
import { cutover } from '@cutover/cutover-scripts';
import { runbookCommand } from '@cutover/runbook';
import { argv, echo } from 'zx';

const exitCode = await runbookCommand(cutover, {
  argv: ['run', '--until', 'e-hand-over', ...process.argv.slice(2)],
});
if (exitCode === 0 && !argv['json'] && !argv['help'])
  echo('e-hand-over is done; prove it: cutover reboot-proof');
process.exit(exitCode);
