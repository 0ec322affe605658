/** What is known of a downtime so far, in milliseconds since the start of the watch. */
export interface Downtime {
  /** When a loop was last seen on the old host before all of them ran on the new one. */
  readonly oldEnded: number | undefined;
  /** When all loops were first seen on the new host. */
  readonly allOnNew: number | undefined;
}

/** Adds one sample. The downtime ends when the new rig is whole: a way back after that does not count. */
export function nextDowntime(
  before: Downtime,
  { now, onOld, wholeOnNew }: { readonly now: number; readonly onOld: boolean; readonly wholeOnNew: boolean },
): Downtime {
  if (before.allOnNew !== undefined) return before;
  return {
    oldEnded: onOld ? now : before.oldEnded,
    allOnNew: wholeOnNew ? now : undefined,
  };
}

/** `undefined`: its beginning or its end was not seen. */
export function secondsOf({ oldEnded, allOnNew }: Downtime): number | undefined {
  return oldEnded === undefined || allOnNew === undefined ? undefined : (allOnNew - oldEnded) / 1000;
}
