import { type ActivationCode, ActivationError, type Restoration } from '../errors.ts';
import type { DeployOutcome, SupervisorEvent } from './log-line.ts';

/** What is known of a deploy from its log so far. */
export interface DeployRecord {
  readonly log: string;
  /** The part of the log that the activation wrote, without that of a restoration. */
  readonly activationLog: string;
  /** Milliseconds that the activation took, as far as it could be seen from here. */
  readonly activationTime: number;
  /** The supervisor has begun: until then nothing can have changed. */
  readonly started: boolean;
  readonly exitCode: number | undefined;
  readonly failedUnits: readonly string[];
  readonly generation: number | undefined;
  readonly bootLoader: number | undefined;
  readonly decision: 'confirmed' | 'revoked' | 'expired' | undefined;
  /** `undefined` while it goes on, and where the supervisor is gone. */
  readonly outcome: DeployOutcome | undefined;
  output(line: string): void;
  event(event: SupervisorEvent): void;
  error(
    facts: Pick<ActivationError, 'step' | 'target'> & { readonly code: ActivationCode },
    message: string,
    cause?: unknown,
    journal?: string,
  ): ActivationError;
}

export function createDeployRecord(): DeployRecord {
  const lines: string[] = [];
  const known: {
    started: boolean;
    exitCode?: number;
    began?: number;
    activated?: { readonly lines: number; readonly time: number };
    failedUnits: readonly string[];
    generation?: number;
    bootLoader?: number;
    decision?: 'confirmed' | 'revoked' | 'expired';
    outcome?: DeployOutcome;
    superseded?: string;
  } = { started: false, failedUnits: [] };

  const restoration = (): Restoration => {
    if (known.outcome !== undefined && known.outcome !== 'committed') return known.outcome;
    return known.started ? 'unknown' : 'untouched';
  };
  return {
    get log() {
      return lines.map((line) => `${line}\n`).join('');
    },
    get activationLog() {
      return lines.slice(0, known.activated?.lines).join('\n');
    },
    get activationTime() {
      return known.activated?.time ?? 0;
    },
    get started() {
      return known.started;
    },
    get exitCode() {
      return known.exitCode;
    },
    get failedUnits() {
      return known.failedUnits;
    },
    get generation() {
      return known.generation;
    },
    get bootLoader() {
      return known.bootLoader;
    },
    get decision() {
      return known.decision;
    },
    get outcome() {
      return known.outcome;
    },
    output: (line) => void lines.push(line),
    event: (event) => {
      if (event.type === 'armed') known.started = true;
      if (event.type === 'activating') known.began = performance.now();
      if (event.type === 'activated') {
        known.exitCode = event.exitCode;
        known.activated = {
          lines: lines.length,
          time: performance.now() - (known.began ?? performance.now()),
        };
      }
      if (event.type === 'units') known.failedUnits = event.failed;
      if (event.type === 'profile') known.generation = event.generation;
      if (event.type === 'boot-loader') known.bootLoader = event.exitCode;
      if (event.type === 'decided') known.decision = event.decision;
      if (event.type === 'restoring') known.decision ??= 'revoked';
      if (event.type === 'superseded') known.superseded = event.system;
      if (event.type === 'finished') known.outcome = event.outcome;
    },
    error: (facts, message, cause, journal = '') => {
      const end = restoration();
      return new ActivationError(
        {
          ...facts,
          ...(end === 'restore-failed' ? { code: 'RESTORE_FAILED', step: 'restore' } : {}),
          exitCode: known.exitCode,
          failedUnits: known.failedUnits,
          journal,
          log: lines.map((line) => `${line}\n`).join(''),
          restoration: end,
        },
        known.superseded === undefined
          ? message
          : `${message}; meanwhile another program activated ${known.superseded}, which was left as it is`,
        ...(cause === undefined ? [] : [{ cause }]),
      );
    },
  };
}
