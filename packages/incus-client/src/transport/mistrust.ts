import { IncusConnectionError } from '../errors.ts';

/** Whether the server does not know us, or we do not know it: unlike one that is out of reach, it stays so. */
export function isMistrust(error: unknown): boolean {
  return (
    error instanceof IncusConnectionError &&
    (error.code === 'SERVER_UNTRUSTED' || error.code === 'CLIENT_UNTRUSTED')
  );
}
