import { createHash, generateKeyPair, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import {
  bitString,
  boolean,
  explicit,
  integer,
  objectId,
  octetString,
  pem,
  sequence,
  set,
  time,
  utf8,
} from './der.ts';

/** A client certificate and its private key, PEM both. The key is a secret. */
export interface GeneratedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a generated certificate is to say. */
export interface CertificateOptions {
  /** What the certificate is called; the server shows it. */
  readonly commonName: string;
  /** Days until it expires. Default 3650, as the `incus` command has it. */
  readonly days?: number | undefined;
}

const ecdsaWithSha384 = '1.2.840.10045.4.3.3';
const commonNameId = '2.5.4.3';
const basicConstraints = '2.5.29.19';
const keyUsage = '2.5.29.15';
const extendedKeyUsage = '2.5.29.37';
const clientAuthentication = '1.3.6.1.5.5.7.3.2';
const dayLength = 86_400_000;

/** Makes a self-signed client certificate with a P-384 key, as the `incus` command does for its user. */
export async function generateClientCertificate({
  commonName,
  days = 3650,
}: CertificateOptions): Promise<GeneratedCertificate> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-384' });
  const name = sequence(set(sequence(objectId(commonNameId), utf8(commonName))));
  const algorithm = sequence(objectId(ecdsaWithSha384));
  const now = Date.now();
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    name,
    // A clock that is a little behind must not see it as not yet valid.
    sequence(time(new Date(now - 3_600_000)), time(new Date(now + days * dayLength))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(
      3,
      sequence(
        // Only the first bit: digitalSignature.
        sequence(objectId(keyUsage), boolean(true), octetString(Buffer.from([0x03, 0x02, 0x07, 0x80]))),
        sequence(objectId(extendedKeyUsage), octetString(sequence(objectId(clientAuthentication)))),
        sequence(objectId(basicConstraints), boolean(true), octetString(sequence())),
      ),
    ),
  );
  const signature = sign('sha384', body, privateKey);
  return {
    cert: pem('CERTIFICATE', sequence(body, algorithm, bitString(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** 127 random bits: positive, whatever they are. */
function serialNumber(): Buffer {
  const number = createHash('sha256').update(randomBytes(32)).digest().subarray(0, 16);
  number.writeUInt8((number.readUInt8(0) & 0x7f) | 0x40, 0);
  return number;
}
