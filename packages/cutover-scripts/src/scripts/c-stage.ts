#!/usr/bin/env node
// Phase C, after A and B: clones, references, the resume point; a person logs the agent in. The old rig works on.
// Options: those of `cutover run`. What is done already is looked at and left as it is. Copy this file and change it.
import { cutover } from '@cutover/cutover-scripts';
import { runbookCommand } from '@cutover/runbook';
import { argv, echo } from 'zx';

const exitCode = await runbookCommand(cutover, {
  argv: ['run', '--until', 'c-stage', ...process.argv.slice(2)],
});
if (exitCode === 0 && !argv['json'] && !argv['help']) echo('c-stage is done; next: d-cut-over');
process.exit(exitCode);
