/**
 * What an activation would do to units, as switch-to-configuration-ng decides it: by what differs in their files, and by which
 * of them run. Only units that run are stopped, restarted or reloaded.
 */
export interface UnitDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Of the removed ones, those that run and would be stopped. */
  readonly stopped: readonly string[];
  /** Changed, and restarted or stopped and started. */
  readonly restarted: readonly string[];
  readonly reloaded: readonly string[];
  /** Changed, and left running as they are until something restarts them. */
  readonly left: readonly string[];
  /** Changed, and not running: nothing is done about them. */
  readonly inactive: readonly string[];
}

/** A unit's file. */
export interface UnitFile {
  /** The text that makes the unit restart when it differs. */
  readonly essence: string;
  /** Its reload triggers. */
  readonly triggers: string;
  /** How it wants a change to be treated; `socket`: its socket is restarted in its place. */
  readonly policy: Policy;
  /** It goes on when the new system has no such unit. */
  readonly stays: boolean;
}

export type Policy = 'restart' | 'reload' | 'leave' | 'socket';

/** The units of a system, and those that run where it was asked. */
export interface SystemUnits {
  readonly files: ReadonlyMap<string, UnitFile>;
  readonly active: ReadonlySet<string>;
}

/** Reads what the script printed. */
export function parseUnits(text: string): SystemUnits {
  const files = new Map<string, UnitFile>();
  const active = new Set<string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('active ')) active.add(line.slice('active '.length));
    const [word, name = '', treatment = '', triggers = '', essence = ''] = line.split('\t');
    const [policy = '', stays] = treatment.split(',');
    if (word === 'unit' && isPolicy(policy))
      files.set(name, { essence, triggers, policy, stays: stays === 'stays' });
  }
  return { files, active };
}

function isPolicy(word: string): word is Policy {
  return word === 'restart' || word === 'reload' || word === 'leave' || word === 'socket';
}

/** @param before the units of the system that runs, with those that are active. */
export function unitDifference(
  { files: before, active }: SystemUnits,
  { files: after }: SystemUnits,
): UnitDifference {
  const removed = [...before.keys()].filter((name) => !after.has(name)).sort();
  const restarted = new Set<string>();
  const reloaded: string[] = [];
  const left: string[] = [];
  const inactive: string[] = [];
  // The order of the files is that of a hash table.
  for (const [name, unit] of [...after].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const old = before.get(name);
    if (old === undefined || (old.essence === unit.essence && old.triggers === unit.triggers)) continue;
    const socket = name.replace(/\.service$/, '.socket');
    if (!active.has(name)) inactive.push(name);
    else if (old.essence === unit.essence || unit.policy === 'reload') reloaded.push(name);
    else if (unit.policy === 'leave') left.push(name);
    else restarted.add(unit.policy === 'socket' && active.has(socket) ? socket : name);
  }
  return {
    added: [...after.keys()].filter((name) => !before.has(name)).sort(),
    removed,
    stopped: removed.filter((name) => active.has(name) && before.get(name)?.stays !== true),
    restarted: [...restarted],
    reloaded,
    left,
    inactive,
  };
}
