import { runbookCommand } from '@cutover/runbook';
import { cutover } from './cutover.ts';

process.exit(await runbookCommand(cutover));
