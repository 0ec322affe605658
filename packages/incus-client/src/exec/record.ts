import type { Operation } from '../api/operation.ts';
import { path } from '../api/path.ts';
import { IncusError } from '../errors.ts';
import { OperationRun, type WaitOptions } from '../follow/operation-run.ts';
import type { Scope } from '../scope.ts';
import { execBody } from './exec-body.ts';
import type { ExecOptions } from './types.ts';

/** How a command is run that no one is attached to. Aborting gives up the wait, and leaves the command running. */
export interface RecordOptions extends WaitOptions, Omit<ExecOptions, 'terminal' | 'signal'> {}

/** How such a command ended, and where its output is. */
export interface RecordedExec {
  readonly exitCode: number;
  /** Names for `instances.logs(name).execOutput`; `undefined`: none was kept. */
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

export function recordExec(
  scope: Scope,
  instance: string,
  argv: readonly string[],
  { signal, timeout, ...options }: RecordOptions,
): OperationRun<RecordedExec> {
  const json = { ...execBody(argv, options), 'wait-for-websocket': false, 'record-output': true };
  const url = path`/1.0/instances/${instance}/exec`;
  // 6.0.4 fails the operation of a missing command (127), as it does what was never started, which has -1 or no code.
  return scope.start('POST', url, { json, signal, timeout }, resultOf, hasEnded);
}

function hasEnded({ status_code: status, metadata }: Operation): boolean {
  const exitCode = metadata?.['return'];
  return typeof exitCode === 'number' ? exitCode >= 0 : status === 200;
}

function resultOf(operation: Operation): RecordedExec {
  const exitCode = operation.metadata?.['return'];
  if (typeof exitCode !== 'number')
    throw new IncusError('PROTOCOL_ERROR', `the exec operation ${operation.id} ended without an exit code`);
  return { exitCode, stdout: logOf(operation, '1'), stderr: logOf(operation, '2') };
}

/** The name of a log: the daemon gives its path. */
function logOf({ metadata }: Operation, stream: string): string | undefined {
  const logs: unknown = metadata?.['output'];
  const log: unknown = typeof logs === 'object' && logs !== null ? Reflect.get(logs, stream) : undefined;
  return typeof log === 'string' ? log.split('/').at(-1) : undefined;
}
