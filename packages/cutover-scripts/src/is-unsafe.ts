import { HostConnectionError } from '@cutover/host';
import { unsafeCodes } from './errors.ts';

/** Whether an error says that a host was lost, or that what a step was about to do would not be safe. */
export function isUnsafe(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    error instanceof HostConnectionError || unsafeCodes.some((one) => one === code) || isUnsafe(error.cause)
  );
}
