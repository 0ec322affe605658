/** Builds that several targets of a fleet have in common, each done once: what to build → its store path. */
export type SharedBuilds = Map<string, Promise<string>>;

/** The build under `key`, begun now unless it was begun before. One that fails, fails for all who share it. */
export async function shareBuild(
  builds: SharedBuilds | undefined,
  key: string,
  build: () => Promise<string>,
): Promise<string> {
  const building = builds?.get(key) ?? build();
  builds?.set(key, building);
  return await building;
}
