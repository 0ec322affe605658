import { pause } from '../transport/pause.ts';
import { IncusApiError, IncusConnectionError, OperationLostError } from '../errors.ts';
import { path, withQuery } from '../api/path.ts';
import { parseEnvelope, parseReply } from '../transport/reply.ts';
import type { Transport } from '../transport/types.ts';
import { type Operation, isFinal } from '../api/operation.ts';

/** How long a server may be unreachable before an operation is given up as lost, in milliseconds. */
const patience = 50_000;
const retryDelay = 250;
/** Milliseconds for one read; `/wait` is asked to answer within `waitTime`. */
const readTime = 10_000;
const waitTime = 10_000;

/**
 * Reads an operation, riding out lost connections.
 *
 * @throws {OperationLostError} the daemon no longer knows it, or stayed out of reach.
 */
export async function readOperation(
  transport: Transport,
  id: string,
  signal: AbortSignal | undefined,
): Promise<Operation> {
  const url = path`/1.0/operations/${id}`;
  return persist(transport, id, signal, async (left) => {
    const reply = await transport.send({
      method: 'GET',
      path: url,
      signal,
      patience: Math.min(left, readTime),
    });
    const { metadata } = parseReply(reply.status, reply.body, 'GET', url);
    return asOperation(metadata);
  });
}

/**
 * Waits for an operation by `/wait` alone. Both of its dialects are understood: until 6.0.4 a failure and a timeout are
 * an error with no metadata, so the operation is read again; since 6.0.5 and 6.12 its state is rendered (103: timed out).
 */
export async function waitOperation(
  transport: Transport,
  id: string,
  signal: AbortSignal | undefined,
  update: (operation: Operation) => void,
): Promise<Operation> {
  const url = withQuery(path`/1.0/operations/${id}/wait`, { timeout: waitTime / 1000 });
  for (;;) {
    const seen = await persist(transport, id, signal, async (left) => {
      const allowed = Math.min(left, waitTime + readTime);
      const reply = await transport.send({ method: 'GET', path: url, signal, patience: allowed });
      const envelope = parseEnvelope(reply.status, reply.body, 'GET', url);
      if (envelope.type === 'error' && envelope.error_code === 404)
        throw new IncusApiError(404, 'GET', url, envelope.error);
      return envelope.type === 'error' ? undefined : asOperation(envelope.metadata);
    });
    const operation = seen ?? (await readOperation(transport, id, signal));
    update(operation);
    if (isFinal(operation)) return operation;
  }
}

async function persist<T>(
  transport: Transport,
  id: string,
  signal: AbortSignal | undefined,
  read: (left: number) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await read(deadline - performance.now());
    } catch (error) {
      if (error instanceof IncusApiError && error.status === 404)
        throw new OperationLostError(id, 'the daemon no longer knows it', { cause: error });
      if (!(error instanceof IncusConnectionError || isUnable(error))) throw error;
      if (transport.closed.aborted)
        throw new OperationLostError(id, 'the client was closed', { cause: error });
      if (performance.now() + retryDelay > deadline)
        throw new OperationLostError(id, 'the server stayed out of reach', { cause: error });
    }
    await pause(retryDelay, signal);
  }
}

/** A daemon that is still starting (503), and a member of a cluster that cannot ask the others, know no operation yet. */
function isUnable(error: unknown): boolean {
  return error instanceof IncusApiError && error.status >= 500;
}

/** The daemon's word for it is trusted: these endpoints answer nothing else. */
function asOperation(metadata: unknown): Operation {
  return metadata as Operation;
}
