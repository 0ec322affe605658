import { readFile } from 'node:fs/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { runbookCommand } from '../../src/commands/program.ts';
import { UsageError } from '../../src/engine/errors.ts';
import type { Runbook } from '../../src/engine/runbook.ts';
import { fileStep, toyPhases, type ToyStep, type ToyWorld } from '../engine/toy.ts';

/** A command for the toy runbook: its config file is JSON with the world's directory and how many steps there are. */
async function loadToy(configPath: string, rehearses = false): Promise<Runbook<ToyWorld>> {
  const config: {
    directory: string;
    steps: number;
    pause?: number;
    pauseOnly?: string;
    gate?: boolean;
    secret?: string;
    failWith?: string;
    failAt?: string;
    failSaying?: string;
    failUndoAt?: string;
    notify?: string[];
  } = JSON.parse(await readFile(configPath, 'utf8'));
  if (config.failWith !== undefined) throw Object.assign(new Error('no such toy'), { code: config.failWith });
  const pause = config.pause ?? 0;
  const steps = Array.from({ length: config.steps }, (_, index): ToyStep => {
    const id = `step-${index + 1}`;
    const plain = fileStep(id);
    return {
      ...plain,
      phase: index < config.steps / 2 ? 'a-stage' : 'c-move',
      ...(index % 3 === 2 ? { needs: [] } : {}),
      async apply(context) {
        context.progress(`working with ${config.secret ?? 'nothing'}`);
        if (pause > 0 && (config.pauseOnly ?? id) === id)
          await new Promise((resolve) => setTimeout(resolve, pause));
        if (config.failAt === id) throw new Error(config.failSaying ?? 'it cannot be done here');
        await plain.apply?.(context);
      },
      async undo(context) {
        if (config.failUndoAt === id) throw new Error('it cannot be undone here');
        await plain.undo?.(context);
      },
      ...(config.gate === true && index === 1
        ? { gate: { kind: 'approval', question: 'Go on?', timeout: 20_000 } }
        : {}),
    };
  });
  return {
    name: rehearses ? 'rehearsal' : 'old → new',
    world: { directory: rehearses ? `${config.directory}-rehearsal` : config.directory },
    phases: toyPhases,
    steps,
    lists: { again: [fileStep('more')] },
    words: { owner: 'owner of the toy', downtime: 'downtime of the toy' },
    secretsToRedact: config.secret === undefined ? [] : [config.secret],
    ...(config.notify === undefined
      ? {}
      : { notify: [{ on: ['gate.opened', 'done', 'failed'], command: config.notify }] }),
    standIns: ['a directory stands for a host'],
    ownership: async () => ({ owner: 'old', epoch: 41 }),
    standsOn: async () => ({
      owner: (await unlessAbsent(readFile(`${config.directory}-owner`, 'utf8'))) ?? 'old',
    }),
    unlocks: {
      force: async (words) => {
        if (words !== 'it is mine') throw new UsageError("type 'it is mine'");
        return 'forced';
      },
    },
    attest: async ({ subject, planHash }) => {
      if (subject !== 'old') throw new UsageError(`${subject} is not the old host`);
      return { planHash };
    },
    alarms: { 'the keys': async () => ['the key of old is back; `toy run` revokes it again'] },
    caveats: ['the toy keeps its ssh keys'],
  };
}

// A call of a step that did not heed its signal must not go on once the run has ended.
process.exit(
  await runbookCommand(
    {
      name: 'toy',
      description: 'Write files, one for each step.',
      version: '1.2.3',
      load: (file) => loadToy(file),
      rehearsal: { description: 'try it out', load: (file) => loadToy(file, true) },
      lists: { again: 'write one more file, each time' },
      unlocks: { force: 'force it open' },
      attests: { subject: 'host', hows: ['power cut', 'disk out'], description: 'attest that a host is off' },
      alarms: true,
      exitCodes: [
        { code: 2, errors: ['TOY_CONFIG'] },
        { code: 20, errors: ['TOY_BROKEN'], meaning: 'the toy is broken' },
      ],
    },
    { interactive: process.env['TOY_INTERACTIVE'] === '1' },
  ),
);
