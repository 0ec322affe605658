import { access, appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRun, type Run, type RunOptions } from '../../src/engine/engine.ts';
import type { EngineEvent } from '../../src/engine/events.ts';
import type { Phase } from '../../src/engine/phase.ts';
import type { Outcome } from '../../src/engine/outcome.ts';
import type { Runbook } from '../../src/engine/runbook.ts';
import type { Step } from '../../src/engine/step.ts';

/** The world of the tests: a directory, in which a step that is done has left a file of its name. */
export interface ToyWorld {
  readonly directory: string;
}

export type ToyStep = Step<ToyWorld>;

/** A temporary directory with a world and a state directory in it. */
export interface Toy extends AsyncDisposable {
  readonly world: ToyWorld;
  readonly stateDirectory: string;
}

export async function createToy(): Promise<Toy> {
  const root = await mkdtemp(join(tmpdir(), 'cutover-toy-'));
  const world = { directory: join(root, 'world') };
  await mkdir(world.directory);
  return {
    world,
    stateDirectory: join(root, 'state'),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** The phases of the toy. */
export const toyPhases: readonly Phase[] = [
  { id: 'a-stage', title: 'A stage' },
  { id: 'b-check', title: 'B check' },
  { id: 'c-move', title: 'C move' },
];

/** A step that writes its own name into a file of its name, in two writes that a kill can come between. */
export function fileStep(id: string, more: Partial<ToyStep> = {}): ToyStep {
  return {
    id,
    version: 1,
    phase: 'a-stage',
    title: `write ${id}`,
    on: ['disk', 'memory'],
    kind: 'reversible',
    timeout: 5000,
    inputs: () => id,
    async check({ world }) {
      const text = await textOf(join(world.directory, id));
      if (text === undefined) return { state: 'absent', evidence: {} };
      return { state: text === `${id} done` ? 'satisfied' : 'partial', evidence: { text } };
    },
    async apply({ world }) {
      await writeFile(join(world.directory, id), id);
      await appendFile(join(world.directory, id), ' done');
    },
    async undo({ world }) {
      await rm(join(world.directory, id), { force: true });
    },
    ...more,
  };
}

export function toyRunbook(
  { world }: Toy,
  steps: readonly ToyStep[],
  more: Partial<Runbook<ToyWorld>> = {},
): Runbook<ToyWorld> {
  return {
    name: 'toy',
    phases: toyPhases,
    world,
    steps,
    ...more,
  };
}

export type ToyOptions = Partial<RunOptions<ToyWorld>> & { readonly more?: Partial<Runbook<ToyWorld>> };

export function startToy(toy: Toy, steps: readonly ToyStep[], options: ToyOptions = {}): Run {
  const { more, ...rest } = options;
  return startRun({
    runbook: toyRunbook(toy, steps, more),
    stateDirectory: toy.stateDirectory,
    command: 'run',
    ...rest,
  });
}

/** Runs to the end; with what happened. */
export async function runToy(
  toy: Toy,
  steps: readonly ToyStep[],
  options: ToyOptions = {},
): Promise<{ outcome: Outcome; events: EngineEvent[] }> {
  const run = startToy(toy, steps, options);
  const events: EngineEvent[] = [];
  for await (const event of run.events) events.push(event);
  return { outcome: await run.outcome, events };
}

/** The files of the world, by name. */
export async function filesOf({ world }: Toy): Promise<string[]> {
  return (await readdir(world.directory)).sort();
}

/** `event step` of each event about a step, in order. */
export function story(events: readonly EngineEvent[], ...names: readonly string[]): string[] {
  return events
    .filter((event) => names.length === 0 || names.includes(event.type))
    .map((event) => ('step' in event ? `${event.type} ${event.step}` : event.type));
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  return (await exists(path)) ? readFile(path, 'utf8') : undefined;
}
