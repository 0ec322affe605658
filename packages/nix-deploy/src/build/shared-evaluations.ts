import { freemem } from 'node:os';

import { type Host, localHost } from '@cutover/host';

import { derivationsArgv, type NixOptions } from '../nix/arguments.ts';

/** A configuration of a flake that is to be evaluated here. */
export interface Evaluation {
  readonly flake: string;
  readonly configuration: string;
  readonly nixOptions?: NixOptions | undefined;
}

/** The derivations of a fleet's systems, some evaluated by each nix, which shares what they have in common. */
export interface SharedEvaluations {
  /**
   * The derivation; `undefined` where it is not among those that are evaluated together, or where these did not evaluate: on
   * its own it then says what is wrong with it.
   */
  derivationOf(evaluation: Evaluation): Promise<string | undefined>;
}

/**
 * Evaluates configurations together, `atOnce` of them in one process, and one process after the other: memory is bounded by
 * the first, and given back by the second. Each process is started when the first of its configurations is asked for.
 */
export function shareEvaluations(
  wanted: readonly Evaluation[],
  {
    atOnce = evaluationsAtOnce(freemem()),
    signal,
  }: { readonly atOnce?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): SharedEvaluations {
  const chunks = new Map<string, () => Promise<Derivations>>();
  let before: Promise<unknown> = Promise.resolve();
  for (const chunk of chunksOf(wanted, atOnce)) {
    let running: Promise<Derivations> | undefined;
    const run = (): Promise<Derivations> => {
      if (running !== undefined) return running;
      const last = before;
      running = last.then(async () => await evaluate(chunk, signal));
      before = running.catch(() => undefined);
      return running;
    };
    for (const evaluation of chunk) chunks.set(keyOf(evaluation), run);
  }
  return {
    async derivationOf(evaluation) {
      const derivations = await chunks.get(keyOf(evaluation))?.();
      return derivations?.get(evaluation.configuration);
    },
  };
}

/** A NixOS configuration takes some 400 MB beside what it shares with the others, which is another 500. */
export function evaluationsAtOnce(freeBytes: number): number {
  const fits = Math.floor((freeBytes - 500e6) / 400e6);
  return Math.min(Math.max(fits, 1), 16);
}

type Derivations = ReadonlyMap<string, string>;

/** Those that share a flake and its options, in groups of at most `size`; one alone has nothing to share. */
function chunksOf(wanted: readonly Evaluation[], size: number): readonly (readonly Evaluation[])[] {
  const groups = new Map<string, Map<string, Evaluation>>();
  for (const evaluation of wanted) {
    const group = JSON.stringify([evaluation.flake, evaluation.nixOptions]);
    const known = groups.get(group) ?? new Map<string, Evaluation>();
    groups.set(group, known.set(evaluation.configuration, evaluation));
  }
  return [...groups.values()].flatMap((group) => {
    const all = [...group.values()];
    const count = Math.ceil(all.length / size);
    return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size)).filter(
      ({ length }) => length > 1,
    );
  });
}

/** Whatever goes wrong is said by each of them on its own: one is no reason for the others to fail. */
async function evaluate(chunk: readonly Evaluation[], signal: AbortSignal | undefined): Promise<Derivations> {
  try {
    return await evaluateTogether(chunk, signal);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return new Map();
  }
}

async function evaluateTogether(
  chunk: readonly Evaluation[],
  signal: AbortSignal | undefined,
): Promise<Derivations> {
  const [first] = chunk;
  if (first === undefined) return new Map();
  await using here: Host = localHost();
  const names = chunk.map(({ configuration }) => configuration);
  const argv = derivationsArgv(first.flake, names, first.nixOptions);
  const { exitCode, stdout } = await here.run(argv, { reject: false, signal });
  if (exitCode !== 0) return new Map();
  const parsed: unknown = JSON.parse(stdout);
  const entries = Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {});
  return new Map(entries.flatMap(([name, path]) => (typeof path === 'string' ? [[name, path]] : [])));
}

function keyOf({ flake, configuration, nixOptions }: Evaluation): string {
  return JSON.stringify([flake, configuration, nixOptions]);
}
