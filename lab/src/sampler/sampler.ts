import type { LabFolders } from '../folders.ts';
import { type Downtime, nextDowntime, secondsOf } from './downtime.ts';
import { type LoopProcess, loopScanner } from './loop-processes.ts';

/** What was seen where, from `since` until the next of these. Milliseconds are monotonic, from the start of the watch. */
export interface Sighting {
  readonly since: number;
  /** Roles of the loops that ran, e.g. `['adversary', 'builder']`. */
  readonly old: readonly string[];
  readonly new: readonly string[];
}

export interface SamplerReport {
  readonly samples: number;
  /** Samples that saw a loop on the old host and one on the new host at once: the promise is 0. */
  readonly both: number;
  /** Samples that saw a loop on the old, and on the new host. */
  readonly onOld: number;
  readonly onNew: number;
  /**
   * Seconds from the last loop on the old host to all loops running on the new one; `undefined` where that was not seen.
   */
  readonly downtimeSeconds: number | undefined;
  /** Milliseconds since the start of the watch. */
  readonly lastOnOld: number | undefined;
  readonly firstOnNew: number | undefined;
  readonly allOnNew: number | undefined;
  /** The longest time between two samples: what happened within it was not seen. */
  readonly longestGapMs: number;
  /** Every change that was seen, in order. */
  readonly sightings: readonly Sighting[];
}

export interface SamplerOptions {
  /** The lab's folders: its storage pools tell its containers from those of other labs. */
  readonly folders: LabFolders;
  /** Instances as the pool names them, e.g. `pi` and `terraform-ci_cc-ci-orchestrator`. */
  readonly old: string;
  readonly new: string;
  /** Milliseconds between two samples. Default 100. */
  readonly interval?: number;
  /** The loops that make the rig whole. Default: all three. */
  readonly roles?: readonly string[];
}

/** Watches both hosts until it is finished. */
export interface Sampler extends Disposable {
  /** What was seen so far. */
  report(): SamplerReport;
  /** Takes a last sample, stops and reports. */
  finish(): SamplerReport;
}

/** Starts to watch, ten times a second, whether loops run on the old host, on the new one, or on both. */
export function startSampler(options: SamplerOptions): Sampler {
  const { folders, interval = 100, roles = ['adversary', 'builder', 'watchdog'] } = options;
  const scan = loopScanner(folders.root);
  const began = performance.now();
  const seen = { samples: 0, both: 0, onOld: 0, onNew: 0, longestGapMs: 0 };
  const at: { last: number; lastOnOld?: number; firstOnNew?: number } = { last: 0 };
  let downtime: Downtime = { oldEnded: undefined, allOnNew: undefined };
  const sightings: Sighting[] = [];

  const sample = () => {
    const now = Math.round(performance.now() - began);
    const processes = scan();
    const onOld = rolesOn(processes, options.old);
    const onNew = rolesOn(processes, options.new);
    seen.samples += 1;
    seen.longestGapMs = Math.max(seen.longestGapMs, now - at.last);
    at.last = now;
    if (onOld.length > 0) {
      seen.onOld += 1;
      at.lastOnOld = now;
    }
    if (onNew.length > 0) {
      seen.onNew += 1;
      at.firstOnNew ??= now;
    }
    downtime = nextDowntime(downtime, {
      now,
      onOld: onOld.length > 0,
      wholeOnNew: roles.every((role) => onNew.includes(role)),
    });
    if (onOld.length > 0 && onNew.length > 0) seen.both += 1;
    const before = sightings.at(-1);
    if (before === undefined || before.old.join() !== onOld.join() || before.new.join() !== onNew.join()) {
      sightings.push({ since: now, old: onOld, new: onNew });
    }
  };
  sample();
  const timer = setInterval(sample, interval);
  timer.unref();

  const report = (): SamplerReport => ({
    ...seen,
    lastOnOld: at.lastOnOld,
    firstOnNew: at.firstOnNew,
    allOnNew: downtime.allOnNew,
    downtimeSeconds: secondsOf(downtime),
    sightings: [...sightings],
  });
  return {
    report,
    finish() {
      clearInterval(timer);
      sample();
      return report();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function rolesOn(processes: readonly LoopProcess[], instance: string): string[] {
  return [...new Set(processes.filter((one) => one.instance === instance).map(({ role }) => role))].sort();
}
