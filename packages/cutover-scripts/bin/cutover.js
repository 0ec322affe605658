#!/usr/bin/env node
// Here and not in `dist`, so that npm can link the command before it is built.
await import('../dist/cli.js');
