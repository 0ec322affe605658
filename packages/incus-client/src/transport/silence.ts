import { IncusConnectionError } from '../errors.ts';

/** Milliseconds between two looks. */
const interval = 1_000;
/** After this much silence it is seen whether the server can be reached at all, and again as often. */
const probeAfter = 15_000;
/** Silent for so long, with a server that cannot be reached by then, means that the connection is dead. */
const deadAfter = 40_000;

/** What is watched. */
export interface Watched {
  /** For the error, e.g. `GET /1.0`. */
  readonly what: string;
  /** Milliseconds of silence that are too many whether the server can be reached or not; `undefined`: there is no such limit. */
  readonly limit: number | undefined;
  /** Whether silence is ours at present: the reader has paused, or the source of a body has nothing yet. */
  readonly held?: (() => boolean) | undefined;
  /** Called once, when the connection is given up. */
  readonly dead: (error: IncusConnectionError) => void;
}

/** A watch over one exchange; dispose of it at its end. */
export interface Watch extends Disposable {
  /** Something came. */
  progress(): void;
}

/** Notices connections that are dead without a word: a network that drops packets tells neither side. */
interface SilenceWatch extends Disposable {
  watch(watched: Watched): Watch;
}

/**
 * Counts silence in looks rather than on the clock, so that a process that was stopped or busy does not take its own silence
 * for the server's.
 *
 * @param reachable - whether a new connection to the server can be made now; without it only limits count.
 */
export function silenceWatch(server: string, reachable: (() => Promise<boolean>) | undefined): SilenceWatch {
  const watches = new Map<Watched, { silent: number }>();
  let timer: NodeJS.Timeout | undefined;
  let probing = false;
  /** Milliseconds of looks since the server was last found to be out of reach; `undefined`: it was not, or has come back. */
  let unreachable: number | undefined;
  let sinceProbe = Infinity;

  const probe = async (ask: () => Promise<boolean>) => {
    probing = true;
    unreachable = (await ask()) ? undefined : 0;
    sinceProbe = 0;
    probing = false;
  };

  const give = (watched: Watched, silent: number) => {
    watches.delete(watched);
    const seconds = Math.round(silent / 1000);
    watched.dead(
      new IncusConnectionError(
        'CONNECTION_LOST',
        server,
        `lost the connection to ${server} during ${watched.what}: it was silent for ${seconds} s`,
      ),
    );
  };

  const look = () => {
    sinceProbe += interval;
    if (unreachable !== undefined) unreachable += interval;
    let longest = 0;
    for (const [watched, state] of watches) {
      if (watched.held?.() === true) {
        state.silent = 0;
        continue;
      }
      state.silent += interval;
      longest = Math.max(longest, state.silent);
      const beyond = watched.limit !== undefined && state.silent >= watched.limit;
      if (beyond || (state.silent >= deadAfter && unreachable !== undefined)) give(watched, state.silent);
    }
    if (reachable !== undefined && longest >= probeAfter && sinceProbe >= probeAfter && !probing)
      void probe(reachable);
    if (watches.size > 0 || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    unreachable = undefined;
  };

  return {
    watch(watched) {
      const state = { silent: 0 };
      watches.set(watched, state);
      timer ??= setInterval(look, interval).unref();
      return {
        progress() {
          state.silent = 0;
        },
        [Symbol.dispose]() {
          watches.delete(watched);
        },
      };
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      timer = undefined;
      watches.clear();
    },
  };
}
