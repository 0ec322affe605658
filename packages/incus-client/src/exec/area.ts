import type { Scope } from '../scope.ts';
import { startExec } from './exec.ts';
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
  /** Starts `argv` with its streams held by the caller. */
  start(instance: string, argv: readonly string[], options?: ExecOptions): Promise<ExecSession>;
}

export function execArea(scope: Scope): ExecArea {
  return {
    run: (instance, argv, options = {}) => runExec(scope, instance, argv, options),
    start: (instance, argv, options = {}) => startExec(scope, instance, argv, options),
  };
}
