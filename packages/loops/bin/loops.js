#!/usr/bin/env node
// Committed, so that npm can link it before there is a build.
await import('../dist/cli.js');
