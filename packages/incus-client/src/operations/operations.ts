import type { CallOptions } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { type ListOptions, listQuery } from '../api/list-options.ts';
import { path } from '../api/path.ts';
import { OperationRun, type WaitOptions } from '../follow/operation-run.ts';
import type { Operation } from '../api/operation.ts';

/** Operations that were started elsewhere, or by an earlier life of this program. The daemon forgets one 5 s after its end. */
export interface OperationsArea {
  /** All operations that the daemon still knows, whatever their status. */
  list(options?: ListOptions): Promise<readonly Operation[]>;
  /** @throws {IncusApiError} `NOT_FOUND` */
  get(id: string, options?: CallOptions): Promise<Operation>;
  /** Follows one to its end; see {@link OperationRun} for what it rejects with. */
  wait(id: string, options?: WaitOptions): OperationRun<Operation>;
  /** Asks the daemon to cancel one; it refuses where the operation's `may_cancel` is false. */
  cancel(id: string, options?: CallOptions): Promise<void>;
}

const collection = '/1.0/operations';

export function operationsArea(scope: Scope): OperationsArea {
  const cancel = async (id: string, options: CallOptions = {}) => {
    await scope.request('DELETE', path`/1.0/operations/${id}`, options);
  };
  const get = (id: string, options: CallOptions = {}) =>
    scope.request<Operation>('GET', path`/1.0/operations/${id}`, options);
  return {
    async list(options = {}) {
      // Grouped by status: { running: […], success: […] }; an empty object where there are none.
      const byStatus = await scope.request<Record<string, Operation[]> | null>('GET', collection, {
        ...options,
        query: listQuery(1, options),
      });
      return Object.values(byStatus ?? {}).flat();
    },
    get,
    wait: (id, options = {}) =>
      new OperationRun(
        `waiting for operation ${id}`,
        {
          async run(started, update, signal) {
            using following = await scope.events.tracker(scope.project).prepare(signal);
            const operation = await get(id, { signal });
            started(operation);
            return await following.end(operation, update, signal);
          },
          cancel,
          result: (operation) => operation,
        },
        options,
      ),
    cancel,
  };
}
