import type { Scope } from '../scope.ts';
import { startExec } from './exec.ts';
import type { OperationRun } from '../follow/operation-run.ts';
import { type RecordOptions, type RecordedExec, recordExec } from './record.ts';
import { runExec } from './run.ts';
import type { ExecOptions, ExecResult, ExecSession } from './types.ts';

/** Commands in instances. */
export interface ExecArea {
  /**
   * Runs `argv` to its end. No shell reads it. A non-zero exit code is a result, not an error.
   *
   * @throws {OperationError} the daemon could not start it; `AGENT_ABSENT`: a virtual machine whose agent does not run.
   * @throws {OperationLostError} how it ended cannot be known.
   */
  run(
    instance: string,
    argv: readonly string[],
    options?: ExecOptions & { readonly input?: string | Uint8Array | undefined },
  ): Promise<ExecResult>;
  /**
   * Runs `argv` with no one attached: the daemon keeps what it writes, to be read by `instances.logs(name).execOutput` and
   * deleted there. Resolves to the exit code and the names of the files, of the streams that wrote anything.
   */
  record(instance: string, argv: readonly string[], options?: RecordOptions): OperationRun<RecordedExec>;
  /** Starts `argv` with its streams held by the caller. */
  start(instance: string, argv: readonly string[], options?: ExecOptions): Promise<ExecSession>;
}

export function execArea(scope: Scope): ExecArea {
  return {
    run: (instance, argv, options = {}) => runExec(scope, instance, argv, options),
    record: (instance, argv, options = {}) => recordExec(scope, instance, argv, options),
    start: (instance, argv, options = {}) => startExec(scope, instance, argv, options),
  };
}
