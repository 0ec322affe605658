import { STATUS_CODES } from 'node:http';
import { IncusApiError, IncusError } from '../errors.ts';
import { withoutSecret } from '../api/path.ts';
import type { Operation } from '../api/operation.ts';

/** The daemon's envelope round every answer. */
export type Envelope =
  | { readonly type: 'sync'; readonly status_code: number; readonly metadata: unknown }
  | { readonly type: 'async'; readonly operation: string; readonly metadata: Operation }
  | {
      readonly type: 'error';
      readonly error: string;
      readonly error_code: number;
      readonly metadata: unknown;
    };

/** Reads an envelope, throwing what an error in it says. */
export function parseReply(
  status: number,
  body: Buffer,
  method: string,
  path: string,
): Exclude<Envelope, { type: 'error' }> {
  const envelope = parseEnvelope(status, body, method, path);
  if (envelope.type === 'error')
    throw new IncusApiError(envelope.error_code || status, method, path, envelope.error);
  return envelope;
}

/** Reads an envelope, an error included. */
export function parseEnvelope(status: number, body: Buffer, method: string, path: string): Envelope {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch (error) {
    throw notIncus(status, body, method, path, error);
  }
  if (isEnvelope(parsed)) return parsed;
  throw notIncus(status, body, method, path);
}

/** The error in a refusal whose body need not be JSON. */
export function errorOfReply(status: number, body: Buffer, method: string, path: string): IncusError {
  // An answer to HEAD has none.
  if (body.length === 0) return new IncusApiError(status, method, path, STATUS_CODES[status] ?? 'refused');
  try {
    parseReply(status, body, method, path);
  } catch (error) {
    if (error instanceof IncusError) return error;
    throw error;
  }
  return new IncusError(
    'PROTOCOL_ERROR',
    `${method} ${withoutSecret(path)}: answered ${status} where another answer was due`,
  );
}

function isEnvelope(value: unknown): value is Envelope {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    (value.type === 'sync' || value.type === 'async' || value.type === 'error')
  );
}

function notIncus(status: number, body: Buffer, method: string, path: string, cause?: unknown): IncusError {
  const start = body.subarray(0, 80).toString().trim();
  return new IncusError(
    'PROTOCOL_ERROR',
    `${method} ${withoutSecret(path)}: the answer (${status}) is not that of an Incus server: ${start}`,
    { cause },
  );
}
