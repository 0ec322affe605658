import { readFile } from 'node:fs/promises';
import { processIo } from '@cutover/foundation/io';
import { runCommand } from '@cutover/foundation/run-command';
import { exitCodeOf } from '../../src/commands/exit-codes.ts';
import { createProgram } from '../../src/commands/program.ts';
import type { Runbook } from '../../src/engine/runbook.ts';
import { fileStep, type ToyStep, type ToyWorld } from '../engine/toy.ts';

/** `cutover` for the toy runbook: its config file is JSON with the world's directory and how many steps there are. */
async function loadToy(configPath: string): Promise<Runbook<ToyWorld>> {
  const config: { directory: string; steps: number; pause?: number; gate?: boolean; secret?: string } =
    JSON.parse(await readFile(configPath, 'utf8'));
  const pause = config.pause ?? 0;
  const steps = Array.from({ length: config.steps }, (_, index): ToyStep => {
    const id = `step-${index + 1}`;
    const plain = fileStep(id);
    return {
      ...plain,
      phase: index < config.steps / 2 ? 'a-provision' : 'd-cut-over',
      ...(index % 3 === 2 ? { needs: [] } : {}),
      async apply(context) {
        context.progress(`working with ${config.secret ?? 'nothing'}`);
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        await plain.apply?.(context);
      },
      ...(config.gate === true && index === 1
        ? { gate: { kind: 'approval', question: 'Go on?', timeout: 20_000 } }
        : {}),
    };
  });
  return {
    name: 'old → new',
    world: { directory: config.directory },
    steps,
    secretsToRedact: config.secret === undefined ? [] : [config.secret],
    standIns: ['a directory stands for a host'],
    ownership: async () => ({ owner: 'old', epoch: 41 }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const program = createProgram({ load: loadToy, io: processIo, interactive: false });
// A call of a step that did not heed its signal must not go on once the run has ended.
process.exit(await runCommand(program, { exitCodeOf }));
