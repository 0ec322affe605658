import type { FileSystems, Mount } from './file-systems.ts';

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

/** All that the script says of a system. */
export interface UnitsOfSystem extends SystemUnits {
  readonly fileSystems: FileSystems;
  /** The units that are declared for every user. */
  readonly userFiles: ReadonlyMap<string, UnitFile>;
  /** For each user whose manager runs, the user's units that are active. */
  readonly users: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads what the script printed. */
export function parseUnits(text: string): UnitsOfSystem {
  const files = new Map<string, UnitFile>();
  const userFiles = new Map<string, UnitFile>();
  const active = new Set<string>();
  const users = new Map<string, Set<string>>();
  const mounts = new Map<string, Mount>();
  const swaps = new Set<string>();
  let user: string | undefined;
  for (const line of text.split('\n')) {
    const [word, name = '', third = '', fourth = '', fifth = ''] = line.split('\t');
    if (word === 'for') user = name;
    else if (word === 'swap') swaps.add(name);
    else if (word === 'mount') mounts.set(name, { device: third, type: fourth, options: fifth });
    else if (word === 'active') {
      if (user === undefined) active.add(name);
      else users.set(user, (users.get(user) ?? new Set()).add(name));
    } else if (word === 'unit') {
      const [policy = '', stays] = third.split(',');
      if (!isPolicy(policy)) continue;
      const file = { essence: fifth, triggers: fourth, policy, stays: stays === 'stays' };
      (user === undefined ? files : userFiles).set(name, file);
    }
  }
  return { files, active, fileSystems: { mounts, swaps }, userFiles, users };
}

/** What becomes of the units of each user whose manager runs; only users for whom something changes. */
export function userUnitDifferences(
  before: UnitsOfSystem,
  after: UnitsOfSystem,
): readonly (UnitDifference & { readonly user: string })[] {
  return [...before.users].flatMap(([user, active]) => {
    const found = unitDifference({ files: before.userFiles, active }, { files: after.userFiles, active });
    return Object.values(found).some((units: readonly string[]) => units.length > 0)
      ? [{ user, ...found }]
      : [];
  });
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
