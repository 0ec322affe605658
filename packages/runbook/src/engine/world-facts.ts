import type { Evidence } from './json.ts';
import { RunbookError } from './errors.ts';

/** What the world was when a plan was reviewed, by names that people read. */
export type WorldFacts = Evidence;

/** The world is no longer what it was when the plan was reviewed. Nothing was changed. */
export class WorldMovedError extends RunbookError {
  override readonly name = 'WorldMovedError';
  readonly code = 'WORLD_MOVED';
  /** What moved: `NAME: from → to`. */
  readonly moved: readonly string[];

  constructor(saved: string, moved: readonly string[]) {
    super(
      `since ${saved} was saved the world has moved: ${moved.join('; ')}. Look at it, then save the plan again: \`plan --save FILE\``,
    );
    this.moved = moved;
  }
}

/** Which facts are not as they were; a fact that is gone or new is one. */
export function movedFacts(before: WorldFacts, now: WorldFacts): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
    .map((name) => `${name}: ${factText(before[name])} → ${factText(now[name])}`);
}

/** One fact for people. */
export function factText(fact: WorldFacts[string] | undefined): string {
  if (fact === undefined) return 'nothing';
  return typeof fact === 'string' ? fact : JSON.stringify(fact);
}
