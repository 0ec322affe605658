#!/usr/bin/env node
import manifest from '../package.json' with { type: 'json' };

const argv = process.argv.slice(2);
const [only, ...more] = argv;
// Nothing is loaded for it.
if (only === '--version' && more.length === 0) process.stdout.write(`${manifest.version}\n`);
else await (await import('./run-cli.ts')).runCli(argv, manifest.version);
