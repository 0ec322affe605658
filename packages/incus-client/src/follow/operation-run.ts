import { startTimer } from '@cutover/foundation/long-timer';
import { OperationError, WaitTimeoutError } from '../errors.ts';
import type { Operation } from '../api/operation.ts';

/** How to wait for an operation. */
export interface WaitOptions {
  /** Aborting gives up the wait and leaves the operation running: `cancel()` is explicit. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; then the wait rejects with a {@link WaitTimeoutError} and the operation goes on. Default: no limit. */
  readonly timeout?: number | undefined;
}

/** What an {@link OperationRun} needs to know of how its operation is started, followed and cancelled. */
interface OperationSteps<T> {
  run(
    started: (operation: Operation) => void,
    update: (operation: Operation) => void,
    signal: AbortSignal | undefined,
  ): Promise<Operation>;
  cancel(id: string): Promise<void>;
  result(operation: Operation): T;
  /** Whether an ended operation has a result. Default: it succeeded. */
  readonly hasResult?: ((operation: Operation) => boolean) | undefined;
}

/**
 * A request that the daemon carries out in the background. Await it for the end; `started`, `progress()` and `cancel()`
 * are for those who want more.
 *
 * @throws {OperationError} it failed or was cancelled.
 * @throws {OperationLostError} how it ended cannot be known.
 * @throws {WaitTimeoutError} `timeout` passed; it goes on.
 */
export class OperationRun<T> implements PromiseLike<T> {
  readonly #started: Promise<Operation>;
  /** Whether anyone looks at this run, and so learns of its failure. */
  #observed = false;
  readonly #end: Promise<T>;
  readonly #steps: OperationSteps<T>;
  #latest: Operation | undefined;
  #changed: PromiseWithResolvers<void> = promiseWithResolvers();
  #ended = false;

  /** @internal The areas of a client make runs. */
  constructor(what: string, steps: OperationSteps<T>, options: WaitOptions) {
    this.#steps = steps;
    const started = promiseWithResolvers<Operation>();
    this.#started = started.promise;
    const update = (operation: Operation) => {
      this.#latest = operation;
      this.#changed.resolve();
      this.#changed = promiseWithResolvers();
    };
    this.#end = withDeadline(what, options, (signal) => steps.run(started.resolve, update, signal))
      .then((operation) => {
        // What was answered at once has started and ended with that.
        started.resolve(operation);
        update(operation);
        if (!(steps.hasResult ?? succeeded)(operation)) throw new OperationError(operation);
        return steps.result(operation);
      })
      .finally(() => {
        this.#ended = true;
        this.#changed.resolve();
      });
    this.#end.catch((error: unknown) => {
      started.reject(error);
      setImmediate(() => {
        // As a promise that is not awaited: an unhandled rejection, rather than a failure that no one hears of.
        if (!this.#observed) void Promise.reject(error);
      });
    });
    // Who awaits the run learns of the failure there; `started` and the run need not both be awaited.
    started.promise.catch(() => {});
  }

  /** Resolves once the daemon has accepted the request; rejects where it refused. */
  get started(): Promise<Operation> {
    this.#observed = true;
    return this.#started;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting it is its main use
  then<Result = T, Failure = never>(
    resolved?: ((value: T) => Result | PromiseLike<Result>) | null,
    rejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    this.#observed = true;
    return this.#end.then(resolved, rejected);
  }

  /** As a promise's. */
  catch<Failure = never>(
    rejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<T | Failure> {
    return this.then(undefined, rejected);
  }

  /** As a promise's. */
  finally(settled?: (() => void) | null): Promise<T> {
    this.#observed = true;
    return this.#end.finally(settled);
  }

  /** The operation's states as they change; a slow reader sees the newest, not each. Ends with the operation, however it ended. */
  async *progress(): AsyncGenerator<Operation, void, void> {
    this.#observed = true;
    let seen: Operation | undefined;
    for (;;) {
      if (this.#latest !== undefined && this.#latest !== seen) {
        seen = this.#latest;
        yield seen;
        continue;
      }
      if (this.#ended) return;
      await this.#changed.promise;
    }
  }

  /** Asks the daemon to cancel; awaiting the run then rejects with `OPERATION_CANCELLED`. */
  async cancel(): Promise<void> {
    await this.#steps.cancel((await this.started).id);
  }
}

function succeeded({ status_code: code }: Operation): boolean {
  return code === 200;
}

async function withDeadline<T>(
  what: string,
  options: WaitOptions,
  act: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (options.timeout === undefined) return act(options.signal);
  const deadline = new AbortController();
  const error = new WaitTimeoutError(what, options.timeout);
  using _timer = startTimer(options.timeout, () => deadline.abort(error));
  return await act(
    options.signal === undefined ? deadline.signal : AbortSignal.any([options.signal, deadline.signal]),
  );
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason?: unknown) => void;
}

/** Node 20 has no `Promise.withResolvers`. */
function promiseWithResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>['resolve'] = () => {};
  let reject: PromiseWithResolvers<T>['reject'] = () => {};
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
