import { given } from '../api/given.ts';
import { IncusApiError } from '../errors.ts';
import type { Tagged } from '../api/call-options.ts';
import type { Scope } from '../scope.ts';
import { inTurn } from './in-turn.ts';

const attempts = 10;

/** The resource that is changed. */
interface Changing {
  readonly scope: Scope;
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

/** Reads and writes until no other client wrote in between; ten times at most. */
export function modify<T>(
  { scope, path, signal }: Changing,
  read: () => Promise<Tagged<T>>,
  write: (tagged: Tagged<T>) => Promise<void>,
): Promise<void> {
  return inTurn(scope, path, signal, () => untilUnbeaten(read, write));
}

async function untilUnbeaten<T>(
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

/**
 * Changes only what is given, for the state that was read. `write` is to send what it does not change as well: of a `PATCH`
 * the daemon takes most that is not in it for emptied (6.0.4, 7.0.2: a description, the rules of an ACL).
 */
export function patchOnly<T>(
  changing: Changing,
  read: () => Promise<Tagged<T>>,
  write: (tagged: Tagged<T>) => Promise<void>,
  ifMatch: string | undefined,
): Promise<void> {
  if (ifMatch === undefined) return modify(changing, read, write);
  return inTurn(changing.scope, changing.path, changing.signal, async () => {
    const { value } = await read();
    await write({ value, etag: ifMatch });
  });
}

/** `present` with `change` in it; maps are merged key by key. */
export function merged<Change extends object>(present: Change, change: Change): Change {
  const before = new Map<string, unknown>(Object.entries(present));
  const changes = given(change);
  const maps = Object.entries(changes).flatMap(([key, value]: [string, unknown]) => {
    const old = before.get(key);
    return isMap(old) && isMap(value) ? [[key, { ...old, ...value }] as const] : [];
  });
  return { ...present, ...changes, ...Object.fromEntries(maps) };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
