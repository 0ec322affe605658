/** An operation as the daemon renders it (`GET /1.0/operations/{id}`). */
export interface Operation<Metadata = Readonly<Record<string, unknown>> | null> {
  readonly id: string;
  readonly class: 'task' | 'websocket' | 'token';
  /** What it does, in English, e.g. `Creating instance`. */
  readonly description: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly status: string;
  readonly status_code: OperationStatusCode;
  /** What it works on, by kind: `{ instances: ['/1.0/instances/c1'] }`. */
  readonly resources: Readonly<Record<string, readonly string[]>> | null;
  readonly metadata: Metadata;
  readonly may_cancel: boolean;
  /** Empty unless it failed. */
  readonly err: string;
  /** The cluster member it runs on. */
  readonly location: string;
}

/** 101 started … 103 running; 200 success, 400 failure, 401 cancelled are final. */
export type OperationStatusCode =
  | 100
  | 101
  | 102
  | 103
  | 104
  | 105
  | 106
  | 107
  | 108
  | 109
  | 110
  | 111
  | 112
  | 113
  | 200
  | 400
  | 401;

/** Whether `operation` has ended, well or badly. */
export function isFinal(operation: Pick<Operation, 'status_code'>): boolean {
  return operation.status_code >= 200;
}
