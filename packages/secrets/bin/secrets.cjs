#!/usr/bin/env node
// Committed, so that npm can link it before there is a build.
require('../dist/command/cli.cjs');
