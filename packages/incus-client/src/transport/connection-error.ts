import { IncusConnectionError, IncusError } from '../errors.ts';
import { withoutSecret } from '../api/path.ts';
import { wasUnsent } from './unsent.ts';

/** TLS alerts with which a server turns down a client's certificate, or one it did not get. */
const clientRefused = /ALERT.*(bad certificate|certificate (required|unknown|expired|revoked)|unknown ca)/i;

const chainRefused = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'HOSTNAME_MISMATCH',
  'UNABLE_TO_GET_ISSUER_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

/** Turns what undici or the socket threw into an error of ours; an aborted signal's reason passes as it is. */
export function connectionError(error: unknown, server: string, attempt: Attempt): unknown {
  if (error instanceof IncusError) return error;
  if (attempt.signal?.aborted === true) return attempt.signal.reason;
  const code = codeOf(error);
  const why = error instanceof Error ? error.message || code : String(error);
  const options = { cause: error };
  if (chainRefused.has(code))
    return new IncusConnectionError(
      'SERVER_UNTRUSTED',
      server,
      `the certificate of ${server} is not trusted: ${why}; pin it with serverCert, or give its ca`,
      options,
    );
  if (clientRefused.test(why))
    return new IncusConnectionError(
      'CLIENT_UNTRUSTED',
      server,
      `${server} turned down the client certificate: ${why}`,
      options,
    );
  if (/wrong version number|packet length too long/i.test(why))
    return new IncusConnectionError(
      'CONNECTION_FAILED',
      server,
      `${server} does not speak TLS, so nothing was sent to it; see whether the port is the one of core.https_address`,
      options,
    );
  if (code === 'UND_ERR_INVALID_ARG')
    return new IncusError(
      'OPTION_INVALID',
      `${attempt.method} ${withoutSecret(attempt.path)} was not sent: ${why}`,
      options,
    );
  if (wasUnsent(error))
    return new IncusConnectionError('CONNECTION_FAILED', server, `cannot reach ${server}: ${why}`, options);
  return new IncusConnectionError(
    'CONNECTION_LOST',
    server,
    `lost the connection to ${server} during ${attempt.method} ${withoutSecret(attempt.path)}: ${why}`,
    options,
  );
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== '') ?? '';
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
