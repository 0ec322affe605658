import type { Closure } from '../copy/closure.ts';
import type { SharedExports } from '../copy/send-shared.ts';
import type { Part } from '../target/parts.ts';

export interface Built {
  /** The store path of the system. */
  readonly system: string;
  /** `undefined` where it was built on the target. */
  readonly closure: Closure | undefined;
  readonly parts: readonly Part[];
  /** Where other targets have it built as well. */
  readonly exports: SharedExports | undefined;
}

/** Builds that several targets of a fleet have in common, each done once: what to build → what it became. */
export type SharedBuilds = Map<string, Promise<Built>>;

/** The build under `key`, started now unless it was started before. One that fails, fails for all who share it. */
export async function shareBuild(
  builds: SharedBuilds | undefined,
  key: string,
  build: () => Promise<Built>,
): Promise<Built> {
  const building = builds?.get(key) ?? build();
  builds?.set(key, building);
  return await building;
}
