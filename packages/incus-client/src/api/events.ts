import type { Operation } from './operation.ts';

/** The kinds of event a daemon sends. */
export type EventType = 'operation' | 'lifecycle' | 'logging' | 'network-acl';

interface EventBase {
  readonly timestamp: string;
  /** The project it happened in; absent for what belongs to none. */
  readonly project?: string;
  /** The cluster member it happened on, or `none`. */
  readonly location?: string;
}

/** An operation began, went on or ended. */
export interface OperationEvent extends EventBase {
  readonly type: 'operation';
  readonly metadata: Operation;
}

/** Something was made, changed or deleted. */
export interface LifecycleEvent extends EventBase {
  readonly type: 'lifecycle';
  readonly metadata: LifecycleEventMetadata;
}

/** What happened. */
export interface LifecycleEventMetadata {
  /** E.g. `instance-started`. */
  readonly action: string;
  /** The API path of what it happened to. */
  readonly source: string;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly name?: string;
  readonly project?: string;
  readonly requestor?: Requestor;
}

/** Who asked for it. */
export interface Requestor {
  readonly username: string;
  /** E.g. `unix` or `tls`. */
  readonly protocol: string;
  readonly address?: string;
}

/** A line of the daemon's log, or of a logged ACL rule. */
export interface LoggingEvent extends EventBase {
  readonly type: 'logging' | 'network-acl';
  readonly metadata: {
    readonly message: string;
    readonly level: string;
    readonly context: Readonly<Record<string, string>>;
  };
}

/** The events socket was down, or a reader was too slow: events between the two sides of this were missed. */
export interface GapEvent {
  readonly type: 'gap';
  readonly reason: 'reconnected' | 'slow-reader';
  /** How many were dropped, where that is known. */
  readonly missed?: number;
  readonly timestamp: string;
}

/** What the daemon sends. */
export type IncusEvent = OperationEvent | LifecycleEvent | LoggingEvent;
