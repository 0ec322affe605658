import { activities, type NixLogEvent, results } from './log-event.ts';

/** How far nix is. Numbers only grow while one command runs, but for `running`. */
export interface NixProgress {
  readonly builds: Tally;
  /** Of store paths. */
  readonly copies: Tally;
  /** Of what is downloaded and copied. */
  readonly bytes: { readonly done: number; readonly expected: number };
  /** What goes on now, e.g. `building hello-2.12`. */
  readonly current: readonly string[];
}

/** How many builds, or copies of store paths, nix has done, expects in all, runs now, and has failed at. */
export interface Tally {
  readonly done: number;
  readonly expected: number;
  readonly running: number;
  readonly failed: number;
}

/** Adds up nix's log events. */
export interface ProgressMeter {
  push(event: NixLogEvent): void;
  snapshot(): NixProgress;
  /** The derivation that a log line or an error belongs to, while it is being built. */
  derivationOf(id: string): string | undefined;
}

interface Activity {
  readonly activity: number;
  readonly label: string | undefined;
  readonly derivation: string | undefined;
  progress: readonly [done: number, expected: number, running: number, failed: number];
}

const none = [0, 0, 0, 0] as const;

export function createProgressMeter(): ProgressMeter {
  const live = new Map<string, Activity>();
  /** Of activities that have stopped, by their number. */
  const past = new Map<number, number[]>();
  let last: NixProgress = {
    builds: { done: 0, expected: 0, running: 0, failed: 0 },
    copies: { done: 0, expected: 0, running: 0, failed: 0 },
    bytes: { done: 0, expected: 0 },
    current: [],
  };

  const sum = (activity: number): number[] => {
    const total = [...(past.get(activity) ?? none)];
    for (const one of live.values()) {
      if (one.activity === activity) one.progress.forEach((n, i) => (total[i] = (total[i] ?? 0) + n));
    }
    return total;
  };
  const tally = (activity: number, before: Tally): Tally => {
    const [done = 0, expected = 0, running = 0, failed = 0] = sum(activity);
    return {
      done: Math.max(done, before.done),
      expected: Math.max(expected, before.expected, done),
      running,
      failed: Math.max(failed, before.failed),
    };
  };

  return {
    derivationOf: (id) => live.get(id)?.derivation,
    push: (event) => {
      switch (event.action) {
        case 'start':
          live.set(event.id, {
            activity: event.activity,
            label: label(event),
            derivation: event.activity === activities.build ? String(event.fields[0] ?? '') : undefined,
            progress: none,
          });
          return;
        case 'stop': {
          const stopped = live.get(event.id);
          live.delete(event.id);
          if (stopped === undefined) return;
          const [done, expected, , failed] = stopped.progress;
          const total = past.get(stopped.activity) ?? [0, 0, 0, 0];
          past.set(stopped.activity, [
            (total[0] ?? 0) + done,
            (total[1] ?? 0) + expected,
            0,
            (total[3] ?? 0) + failed,
          ]);
          return;
        }
        case 'result': {
          const activity = live.get(event.id);
          if (activity !== undefined && event.result === results.progress) {
            const [done, expected, running, failed] = event.fields.map((n) => Math.max(0, Number(n) || 0));
            activity.progress = [done ?? 0, expected ?? 0, running ?? 0, failed ?? 0];
          }
          return;
        }
        case 'msg':
        case 'raw':
      }
    },
    snapshot: () => {
      const [downloaded = 0, toDownload = 0] = sum(activities.fileTransfer);
      const [copied = 0, toCopy = 0] = sum(activities.copyPath);
      const done = Math.max(last.bytes.done, downloaded + copied);
      last = {
        builds: tally(activities.builds, last.builds),
        copies: tally(activities.copyPaths, last.copies),
        bytes: { done, expected: Math.max(last.bytes.expected, toDownload + toCopy, done) },
        current: [...live.values()].flatMap((one) => (one.label === undefined ? [] : [one.label])),
      };
      return last;
    },
  };
}

function label({ activity, fields, text }: Extract<NixLogEvent, { action: 'start' }>): string | undefined {
  const subject = typeof fields[0] === 'string' ? storeName(fields[0]) : '';
  switch (activity) {
    case activities.build:
      return `building ${subject.replace(/\.drv$/, '')}`;
    case activities.copyPath:
    case activities.substitute:
      return `copying ${subject}`;
    case activities.fileTransfer:
    case activities.fetchTree:
      return text === '' ? `fetching ${subject}` : text;
    default:
      return undefined;
  }
}

/** `/nix/store/<hash>-name` → `name`. */
export function storeName(path: string): string {
  return path.replace(/^.*\/[0-9a-z]{32}-/, '');
}
