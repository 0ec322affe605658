import type { UnitDifference } from './unit-difference.ts';

/** What the new system's own `switch-to-configuration dry-activate` said that it would do to units. */
export interface DryActivation {
  readonly stopped: readonly string[];
  readonly restarted: readonly string[];
  readonly reloaded: readonly string[];
  readonly started: readonly string[];
  /** Changed units that it would leave running as they are. */
  readonly left: readonly string[];
}

/** Reads its output. `undefined` where it did not come as far as the activation. */
export function parseDryActivation(text: string): DryActivation | undefined {
  if (!text.includes('would activate the configuration')) return undefined;
  const listed = (words: string): readonly string[] => {
    const [, list = ''] =
      new RegExp(`^would ${words} the following (?:changed )?units: (.*)$`, 'm').exec(text) ?? [];
    return list === '' ? [] : list.split(', ').sort();
  };
  return {
    stopped: listed('stop'),
    restarted: listed('restart'),
    reloaded: listed('reload'),
    started: listed('start'),
    left: listed('NOT stop'),
  };
}

/**
 * Where the two disagree, a line each. A unit that is stopped and started counts as restarted in both; activation scripts may
 * ask for restarts that no file tells of.
 */
export function disagreements(ours: UnitDifference, theirs: DryActivation): readonly string[] {
  const stoppedAndStarted = theirs.stopped.filter((unit) => theirs.started.includes(unit));
  const pairs: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['stop', ours.stopped, theirs.stopped.filter((unit) => !stoppedAndStarted.includes(unit))],
    ['restart', ours.restarted, [...theirs.restarted, ...stoppedAndStarted]],
    ['reload', ours.reloaded, theirs.reloaded],
  ];
  return pairs.flatMap(([verb, mine, real]) => [
    ...real
      .filter((unit) => !mine.includes(unit))
      .map((unit) => `it would ${verb} ${unit}, which its files do not tell`),
    ...mine
      .filter((unit) => !real.includes(unit))
      .map((unit) => `it would not ${verb} ${unit}, although its file differs`),
  ]);
}
