#!/usr/bin/env node
// Phase A alone: makes the instance, or adopts the one that is ours. The old rig works on.
// Options: those of `cutover run`. What is done already is looked at and left as it is. Copy this file and change it.
import { cutover } from '@cutover/cutover-scripts';
import { runbookCommand } from '@cutover/runbook';
import { argv, echo } from 'zx';

const exitCode = await runbookCommand(cutover, {
  argv: ['run', '--until', 'a-provision', ...process.argv.slice(2)],
});
if (exitCode === 0 && !argv['json'] && !argv['help']) echo('a-provision is done; next: b-configure');
process.exit(exitCode);
