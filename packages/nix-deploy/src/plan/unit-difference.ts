/** What an activation would do to units, judged by their files alone. */
export interface UnitDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Changed, and restarted or stopped and started. */
  readonly restarted: readonly string[];
  readonly reloaded: readonly string[];
  /** Changed, and left running as they are until something restarts them. */
  readonly left: readonly string[];
}

/** A unit's file: a hash of its content, and how it wants a change to be treated. */
export interface UnitFile {
  readonly hash: string;
  readonly policy: 'restart' | 'reload' | 'leave';
}

export function parseUnits(text: string): ReadonlyMap<string, UnitFile> {
  const units = new Map<string, UnitFile>();
  for (const line of text.split('\n')) {
    const [hash = '', policy = '', ...name] = line.split(' ');
    if (policy === 'restart' || policy === 'reload' || policy === 'leave')
      units.set(name.join(' '), { hash, policy });
  }
  return units;
}

export function unitDifference(
  before: ReadonlyMap<string, UnitFile>,
  after: ReadonlyMap<string, UnitFile>,
): UnitDifference {
  const changed = [...after].filter(
    ([name, { hash }]) => before.has(name) && before.get(name)?.hash !== hash,
  );
  const treated = (policy: UnitFile['policy']): string[] =>
    changed.filter(([, unit]) => unit.policy === policy).map(([name]) => name);
  return {
    added: [...after.keys()].filter((name) => !before.has(name)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
    restarted: treated('restart'),
    reloaded: treated('reload'),
    left: treated('leave'),
  };
}
