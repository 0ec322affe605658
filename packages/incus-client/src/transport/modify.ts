import { IncusApiError } from '../errors.ts';
import type { Tagged } from '../scope.ts';

const attempts = 10;

/** Reads and writes until nobody else wrote in between; ten times at most. */
export async function modify<T>(
  read: () => Promise<Tagged<T>>,
  write: (tagged: Tagged<T>) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await write(await read());
      return;
    } catch (error) {
      const beaten = error instanceof IncusApiError && error.code === 'PRECONDITION_FAILED';
      if (!beaten || attempt === attempts) throw error;
    }
  }
}
