#!/usr/bin/env node
// Phase B, after A: the configuration, the secrets, the first deploy. The old rig works on.
// Options: those of `cutover run`. What is done already is looked at and left as it is. Copy this file and change it.
import { cutover } from '@cutover/cutover-scripts';
import { runbookCommand } from '@cutover/runbook';
import { argv, echo } from 'zx';

const exitCode = await runbookCommand(cutover, {
  argv: ['run', '--until', 'b-configure', ...process.argv.slice(2)],
});
if (exitCode === 0 && !argv['json'] && !argv['help']) echo('b-configure is done; next: c-stage');
process.exit(exitCode);
