import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Runbook, startRun, type Step } from '@cutover/runbook';
import { type Figure, milliseconds } from './figure.ts';
import { rehearsalFigures } from './rehearsal.ts';

const steps = 200;
/** What the engine writes for one step: intent, applied, verified. */
const linesPerStep = 3;

/**
 * `step-overhead`: milliseconds for each step of a run whose steps do nothing. The peer is the least that a durable
 * step can cost: the same number of lines appended to a file, each with its fsync.
 *
 * `resume-1k`, `-10k`, `-100k`: seconds until a run resumed from a journal of so many thousand lines is over, verification
 * of the chain of hashes included. The peer reads the lines and parses them, and does nothing else.
 */
export const cutoverScriptsFigures: readonly Figure[] = [
  {
    name: 'step-overhead',
    unit: 'ms',
    better: 'lower',
    peerName: 'bare fsync',
    samples: 10,
    warmUp: 1,
    open: async () => {
      const directory = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
      let sample = 0;
      return {
        ours: async () => {
          sample += 1;
          const stateDirectory = join(directory, `state-${sample}`);
          const runbook = emptyRunbook(
            Array.from({ length: steps }, (_, index) => emptyStep(`step-${index}`)),
          );
          return (
            (await milliseconds(async () => finish({ runbook, stateDirectory, command: 'run' }))) / steps
          );
        },
        peer: async () => {
          sample += 1;
          const path = join(directory, `lines-${sample}`);
          return (await milliseconds(async () => appendLines(path, steps * linesPerStep))) / steps;
        },
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  },
  ...[1, 10, 100].map(resume),
  ...rehearsalFigures(),
];

/** From a journal of so many thousand lines. */
function resume(thousands: number): Figure {
  return {
    name: `resume-${thousands}k`,
    unit: 's',
    better: 'lower',
    peerName: 'readline and JSON.parse',
    samples: 10,
    warmUp: 1,
    open: async () => {
      // In memory, so that setting up does not wait for 100,000 fsyncs of a disk.
      const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cutover-bench-'));
      const stateDirectory = join(directory, 'state');
      const runbook = emptyRunbook([longStep('long', thousands * 1_000 - 6), emptyStep('last')]);
      await finish({ runbook, stateDirectory, command: 'run', until: 'long' });
      return {
        ours: async () => seconds(async () => finish({ runbook, stateDirectory, command: 'resume' })),
        peer: async () => seconds(async () => parseLines(join(stateDirectory, 'journal.jsonl'))),
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      };
    },
  };
}

async function seconds(task: () => Promise<unknown>): Promise<number> {
  return (await milliseconds(task)) / 1000;
}

async function finish(options: Parameters<typeof startRun<undefined>>[0]): Promise<void> {
  const { result } = await startRun(options).outcome;
  if (result !== 'ok') throw new Error(`the run ended ${result}`);
}

async function appendLines(path: string, count: number): Promise<void> {
  const line = `${JSON.stringify({ line: 'x'.repeat(300) })}\n`;
  const file = await open(path, 'a');
  try {
    for (let written = 0; written < count; written += 1) {
      await file.appendFile(line);
      await file.datasync();
    }
  } finally {
    await file.close();
  }
}

async function parseLines(path: string): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(path) })) JSON.parse(line);
}

function emptyRunbook(list: readonly Step<undefined>[]): Runbook<undefined> {
  return {
    name: 'bench',
    phases: [{ id: 'all', title: 'all' }],
    world: undefined,
    steps: list,
  };
}

function emptyStep(id: string): Step<undefined> {
  let done = false;
  return {
    id,
    version: 1,
    phase: 'all',
    title: id,
    kind: 'reversible',
    timeout: 60_000,
    inputs: () => null,
    check: async () => ({ state: done ? 'satisfied' : 'absent', evidence: {} }),
    apply: async () => {
      done = true;
    },
  };
}

/** A step that leaves a journal of about `lines` lines. */
function longStep(id: string, lines: number): Step<undefined> {
  const step = emptyStep(id);
  return {
    ...step,
    timeout: 600_000,
    async apply(context) {
      for (let line = 0; line < lines; line += 1) await context.operation(`operation-${line}`);
      await step.apply?.(context);
    },
  };
}
