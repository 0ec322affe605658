import { isUtf8 } from 'node:buffer';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SecretsError } from '../errors.ts';
import type { Scalar } from './tree.ts';
import { type ValueType, plainBytes } from './value-text.ts';

/** The length of a nonce that is written; sops reads any, so we do. */
export const nonceBytes = 32;
const tagBytes = 16;

/** A value's nonce by what it encrypts, so that an unchanged value keeps its ciphertext when a file is written again. */
export type NonceStash = Map<string, Uint8Array>;

/** What was inside an `ENC[…]`. */
export interface Decrypted {
  readonly type: ValueType;
  readonly bytes: Uint8Array;
  readonly nonce: Uint8Array;
}

const pattern =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/]+={0,2}),iv:([A-Za-z0-9+/]+={0,2}),tag:([A-Za-z0-9+/]+={0,2}),type:([a-z]+)\]$/;

/** Whether `text` has the form of an encrypted value. */
export function isEncrypted(text: string): boolean {
  return pattern.test(text);
}

/**
 * Encrypts one value as sops does (`aes/cipher.go`): AES-256-GCM, `additionalData` authenticated.
 *
 * @param dataKey - 32 bytes.
 * @param nonce - the one the same plaintext had before; default: a random one.
 */
export function encryptBytes(
  plain: Uint8Array,
  type: ValueType,
  dataKey: Uint8Array,
  additionalData: string,
  nonce: Uint8Array = randomBytes(nonceBytes),
): string {
  const cipher = createCipheriv('aes-256-gcm', dataKey, nonce);
  cipher.setAAD(Buffer.from(additionalData, 'utf8'));
  const data = Buffer.concat([cipher.update(plain), cipher.final()]);
  const iv = Buffer.from(nonce).toString('base64');
  return `ENC[AES256_GCM,data:${data.toString('base64')},iv:${iv},tag:${cipher.getAuthTag().toString('base64')},type:${type}]`;
}

/**
 * Opens one `ENC[…]`. Stricter than sops, which accepts base64 whose unused bits are set and text behind the
 * bracket: here no byte of the ciphertext can change unseen.
 *
 * @throws {SecretsError} `DECRYPT_FAILED`: not such a value, or not of this key and place.
 */
export function decryptBytes(text: string, dataKey: Uint8Array, additionalData: string): Decrypted {
  const match = pattern.exec(text);
  if (match === null)
    throw new SecretsError('DECRYPT_FAILED', 'the value is not a sops ENC[AES256_GCM,…] value');
  const data = canonicalBase64(match[1]);
  const nonce = canonicalBase64(match[2]);
  const tag = canonicalBase64(match[3]);
  const type = match[4];
  if (!isValueType(type)) throw new SecretsError('DECRYPT_FAILED', 'the value has a type that is not known');
  if (tag.length !== tagBytes)
    throw new SecretsError('DECRYPT_FAILED', 'the value has a tag of a wrong length');
  const decipher = createDecipheriv('aes-256-gcm', dataKey, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(additionalData, 'utf8'));
  decipher.setAuthTag(tag);
  const first = decipher.update(data);
  try {
    const last = decipher.final();
    return { type, bytes: last.length === 0 ? first : Buffer.concat([first, last]), nonce };
  } catch (error) {
    throw new SecretsError(
      'DECRYPT_FAILED',
      'the value was changed, moved or encrypted with another data key',
      {},
      { cause: error },
    );
  }
}

/** The stash key of a plaintext at a place. */
export function stashKey(type: ValueType, plain: Uint8Array, additionalData: string): string {
  return `${type}\0${additionalData}\0${Buffer.from(plain).toString('latin1')}`;
}

/** Encrypts a scalar; an empty string stays empty, as in sops. Null never comes here. */
export function encryptScalar(
  value: Exclude<Scalar, { type: 'null' }>,
  dataKey: Uint8Array,
  additionalData: string,
  stash?: NonceStash,
): string {
  const plain = plainBytes(value);
  if (plain.length === 0) return '';
  const type = value.type === 'bytes' ? 'str' : value.type;
  const nonce = stash?.get(stashKey(type, plain, additionalData));
  return encryptBytes(plain, type, dataKey, additionalData, nonce?.length === nonceBytes ? nonce : undefined);
}

/** The scalar of decrypted bytes. A string that is not UTF-8 becomes `bytes`. */
export function scalarOf({ type, bytes }: Decrypted): Scalar {
  if (type === 'str' && !isUtf8(bytes)) return { type: 'bytes', value: bytes };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  switch (type) {
    case 'str':
    case 'comment':
      return { type: 'str', value: text };
    case 'bytes':
      return { type: 'bytes', value: bytes };
    case 'time':
      return { type: 'time', value: text };
    case 'int':
      if (/^[+-]?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) {
        return { type: 'int', value: BigInt(text) };
      }
      break;
    case 'float':
      return { type: 'float', value: parseGoFloat(text) };
    case 'bool':
      if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return { type: 'bool', value: true };
      if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return { type: 'bool', value: false };
  }
  throw new SecretsError('DECRYPT_FAILED', `the value does not read as its type (${type})`);
}

function parseGoFloat(text: string): number {
  const special: Record<string, number> = { '+Inf': Infinity, '-Inf': -Infinity, NaN: Number.NaN };
  const value = special[text] ?? Number(text);
  if (text === '' || (Number.isNaN(value) && text !== 'NaN')) {
    throw new SecretsError('DECRYPT_FAILED', 'the value does not read as its type (float)');
  }
  return value;
}

function canonicalBase64(text = ''): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) {
    throw new SecretsError('DECRYPT_FAILED', 'the value holds base64 that is not canonical');
  }
  return bytes;
}

const valueTypes: ReadonlySet<string> = new Set<ValueType>([
  'str',
  'int',
  'float',
  'bool',
  'time',
  'comment',
  'bytes',
]);

function isValueType(type: string | undefined): type is ValueType {
  return type !== undefined && valueTypes.has(type);
}
