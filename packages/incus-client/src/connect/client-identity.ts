import { type KeyObject, X509Certificate, createPrivateKey } from 'node:crypto';
import { certificateDer } from '../certificates/certificate-facts.ts';
import { IncusError } from '../errors.ts';

/** What opens an encrypted key: the text, or a function that asks for it when it is needed. */
export type Passphrase = string | (() => string | Promise<string>);

/** A client's certificate and key as TLS takes them. */
interface ClientIdentity {
  readonly cert: string;
  /** Not encrypted: it is never written anywhere. */
  readonly key: string;
}

/**
 * Opens a client's key and sees that it belongs to the certificate, before anything is sent.
 *
 * @throws {IncusError} `OPTION_INVALID`
 */
export async function clientIdentity(
  cert: string,
  key: string,
  passphrase: Passphrase | undefined,
): Promise<ClientIdentity> {
  const certificate = new X509Certificate(certificateDer(cert, 'the client certificate'));
  const opened = await openKey(key, passphrase);
  if (!certificate.checkPrivateKey(opened))
    throw new IncusError(
      'OPTION_INVALID',
      'the client key is not the one that belongs to the client certificate',
    );
  return { cert, key: opened.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

async function openKey(key: string, passphrase: Passphrase | undefined): Promise<KeyObject> {
  const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key);
  if (encrypted && passphrase === undefined)
    throw new IncusError('OPTION_INVALID', 'the client key is encrypted; give its passphrase');
  const secret = encrypted ? await (typeof passphrase === 'function' ? passphrase() : passphrase) : undefined;
  try {
    return createPrivateKey({ key, ...(secret !== undefined && { passphrase: secret }) });
  } catch (error) {
    throw new IncusError(
      'OPTION_INVALID',
      encrypted
        ? 'the passphrase does not open the client key'
        : 'the client key is not a private key in PEM (it should begin with -----BEGIN … PRIVATE KEY-----)',
      { cause: error },
    );
  }
}
