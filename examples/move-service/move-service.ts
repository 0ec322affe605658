#!/usr/bin/env node
import { type RunbookCommand, runbookCommand } from '@cutover/runbook';
import { serviceState } from './service.ts';
import { moveSteps } from './move.ts';
import { installService, lookFirst } from './stage.ts';
import { openWorld, type World } from './world.ts';

/** Moves the guestbook, a small HTTP service with an SQLite file, from one host to another. */
const moveService: RunbookCommand<World> = {
  name: 'move-service',
  description: 'Move the guestbook from one host to another: plan, run, resume, roll back, report.',
  configFile: 'move-service.json',
  async load(configFile) {
    const world = await openWorld(configFile);
    return {
      name: 'guestbook: old → new',
      phases: [
        { id: 'a-stage', title: 'A stage' },
        { id: 'b-move', title: 'B move' },
      ],
      world,
      steps: [lookFirst, installService, ...moveSteps({ from: 'old', to: 'new' })],
      rollbackAfterCommit: moveSteps({ from: 'new', to: 'old' }),
      words: { owner: 'host of the guestbook', downtime: 'downtime of the guestbook' },
      async *doctor(signal) {
        for (const host of [world.old, world.new]) {
          try {
            yield { name: host.name, ok: true, evidence: await serviceState(host, signal) };
          } catch (error) {
            yield { name: host.name, ok: false, evidence: {}, reason: String(error) };
          }
        }
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([world.old[Symbol.asyncDispose](), world.new[Symbol.asyncDispose]()]);
      },
    };
  },
};

process.exit(await runbookCommand(moveService));
