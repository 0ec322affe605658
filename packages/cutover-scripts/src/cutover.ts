import { commandVersion } from '@cutover/foundation/command-version';
import type { RunbookCommand } from '@cutover/runbook';
import manifest from '../package.json' with { type: 'json' };
import { unsafeCodes } from './errors.ts';
import { loadRunbook } from './load-runbook.ts';
import { questions } from './init/questions.ts';
import type { World } from './world/world.ts';

/** The command `cutover`: `process.exit(await runbookCommand(cutover))`. */
export const cutover: RunbookCommand<World> = {
  name: 'cutover',
  description:
    'Move a rig of autonomous agent loops to its own NixOS machine: plan, run, resume, roll back, report.',
  version: commandVersion(manifest.version),
  load: loadRunbook,
  setup: {
    description:
      'ask a few questions, look at the old host, and write cutover.yaml, loops.yaml and secrets.yaml; overwrites nothing',
    questions,
    beside: ['loops.yaml', 'secrets.yaml'],
    start: async (tell) => (await import('./init/session.ts')).startSession(tell),
  },
  lists: {
    'reboot-proof': 'reboot the new host and prove that everything comes back by itself',
    'retire-old':
      'delete the workspace of the old host, when the new one has proven itself; from there no rollback is left',
  },
  rehearsal: {
    description:
      'try it out on your own servers: a throw-away instance, phases A to C, stand-in loops, a reboot; then take it all away',
    load: async (...places) => (await import('./rehearsal/load-rehearsal.ts')).loadRehearsal(...places),
  },
  unlocks: {
    operator: 'take over from another operator or state directory; without the right words it shows them',
    ownership:
      'write the ownership again where its ref was deleted or restored; without the right words it shows them',
  },
  attests: {
    subject: 'host',
    hows: ['power cut', 'instance stopped', 'disk out'],
    description:
      'attest that the old host is off, where it cannot be asked: counts for one move and one hour, and is void when it answers',
  },
  alarms: true,
  // The same code in this package and in those of loops.yaml and secrets.yaml.
  exitCodes: [
    { code: 2, errors: ['CONFIG_INVALID'] },
    {
      code: 11,
      errors: ['CLAIMED'],
      meaning: 'locked: another runner holds the state directory, or another operator the claim',
    },
    { code: 13, errors: unsafeCodes },
  ],
};
