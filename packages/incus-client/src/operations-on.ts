import type { Operation } from './api/operation.ts';
import type { IncusScope } from './client.ts';

/** What the daemon does to an instance at present, such as starting it. Commands and consoles are not among it. */
export async function operationsOn(
  client: IncusScope,
  instance: string,
  signal: AbortSignal | undefined,
): Promise<readonly Operation[]> {
  const path = `/1.0/instances/${encodeURIComponent(instance)}`;
  const operations = await client.operations.list({ signal });
  return operations.filter(
    (operation) =>
      operation.class === 'task' &&
      operation.status_code < 200 &&
      Object.values(operation.resources ?? {})
        .flat()
        .some((url) => url.split('?')[0] === path),
  );
}
