import type { IncusScope } from '../client.ts';
import type { PullSource } from '../api/pull-source.ts';
import { IncusError } from '../errors.ts';
import type { OperationRun, WaitOptions } from '../follow/operation-run.ts';

/** The two sides of a migration in pull mode: bytes go between the two servers, not through us. */
interface Pull {
  readonly from: IncusScope;
  /** Where the receiver reaches the server that offers. */
  readonly sourceUrl: string;
  /** Has `from` make its offer. */
  offer(): OperationRun<void>;
  /** Has the other server fetch it. */
  receive(source: PullSource): OperationRun<void>;
}

/**
 * Runs a migration to the end of both its sides.
 *
 * @throws {OperationError} either side failed. The receiver's failure is the telling one: the sender only sees its peer go.
 */
export async function pull({ from, sourceUrl, offer, receive }: Pull, wait: WaitOptions): Promise<void> {
  if (!sourceUrl.startsWith('https:'))
    throw new IncusError(
      'BAD_REQUEST',
      `the other server cannot reach ${sourceUrl}; give sourceUrl, this server's https address`,
    );
  const { environment } = await from.server.get(wait);
  const sending = offer();
  const { id, metadata } = await sending.started;
  // Where this fails the sender, who cannot be cancelled, waits in vain for half a minute: that is not waited for.
  await receive({
    type: 'migration',
    mode: 'pull',
    operation: `${sourceUrl}/1.0/operations/${id}`,
    secrets: secretsIn(metadata),
    certificate: environment?.certificate,
  });
  await sending;
}

function secretsIn(metadata: Readonly<Record<string, unknown>> | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata ?? {}).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
