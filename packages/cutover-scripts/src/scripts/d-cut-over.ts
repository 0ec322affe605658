#!/usr/bin/env node
// Phase D, after A to C: the only disruption. Asks for approval before the old rig is stopped.
// Options: those of `cutover run`. What is done already is looked at and left as it is. Copy this file and change it.
import { cutover } from '@cutover/cutover-scripts';
import { runbookCommand } from '@cutover/runbook';
import { argv, echo } from 'zx';

const exitCode = await runbookCommand(cutover, {
  argv: ['run', '--until', 'd-cut-over', ...process.argv.slice(2)],
});
if (exitCode === 0 && !argv['json'] && !argv['help']) echo('d-cut-over is done; next: e-hand-over');
process.exit(exitCode);
