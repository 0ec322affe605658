import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { SecretsError } from '../errors.ts';

/** A stanza of an age header, as the age library's interfaces have it. */
export interface Stanza {
  readonly args: string[];
  readonly body: Uint8Array;
}

/** An age file whose header is parsed and not yet verified. */
export interface AgeFile {
  readonly stanzas: Stanza[];
  /** What the header's MAC is over. */
  readonly signed: Buffer;
  readonly mac: Buffer;
  readonly payload: Buffer;
}

const versionLine = 'age-encryption.org/v1';
const chunkBytes = 64 * 1024;

/**
 * Parses an armored age file of one chunk, which is what a data key is. The format is C2SP's `age.md`.
 *
 * @throws {SecretsError} `DECRYPT_FAILED`
 */
export function parseAgeFile(armored: string): AgeFile {
  const bytes = dearmor(armored);
  const end = bytes.indexOf('\n---');
  const lineEnd = end < 0 ? -1 : bytes.indexOf('\n', end + 1);
  if (lineEnd < 0) throw damaged('its header has no end');
  const lines = bytes.toString('latin1', 0, end).split('\n');
  if (lines.shift() !== versionLine) throw damaged('it is of another version');
  const last = /^--- ([A-Za-z0-9+/]{43})$/.exec(bytes.toString('latin1', end + 1, lineEnd));
  if (last === null) throw damaged('its header has no MAC');
  return {
    stanzas: parseStanzas(lines),
    signed: bytes.subarray(0, end + 4),
    mac: rawBase64(last[1]),
    payload: bytes.subarray(lineEnd + 1),
  };
}

/** Opens the payload with a file key, after the header's MAC was checked with it. */
export function openAgeFile(file: AgeFile, fileKey: Uint8Array): Uint8Array {
  const mac = createHmac('sha256', headerKey(fileKey)).update(file.signed).digest();
  if (file.mac.length !== mac.length || !timingSafeEqual(file.mac, mac))
    throw damaged('its header was changed');
  const sealed = file.payload.subarray(16);
  if (sealed.length < 16 || sealed.length > chunkBytes + 16) throw damaged('its payload has a wrong length');
  const key = payloadKey(fileKey, file.payload.subarray(0, 16));
  const decipher = createDecipheriv('chacha20-poly1305', key, lastChunkNonce, { authTagLength: 16 });
  decipher.setAuthTag(sealed.subarray(-16));
  const plain = decipher.update(sealed.subarray(0, -16));
  try {
    decipher.final();
  } catch (error) {
    throw new SecretsError('DECRYPT_FAILED', 'an encrypted data key is damaged', {}, { cause: error });
  }
  return new Uint8Array(plain);
}

/** Writes an armored age file of one chunk for stanzas that hold `fileKey`. */
export function sealAgeFile(plain: Uint8Array, fileKey: Uint8Array, stanzas: readonly Stanza[]): string {
  const header = [versionLine, ...stanzas.flatMap(stanzaLines), '---'].join('\n');
  const mac = createHmac('sha256', headerKey(fileKey)).update(header).digest();
  const nonce = randomBytes(16);
  const cipher = createCipheriv('chacha20-poly1305', payloadKey(fileKey, nonce), lastChunkNonce, {
    authTagLength: 16,
  });
  const sealed = [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
  return armor(Buffer.concat([Buffer.from(`${header} ${unpadded(mac)}\n`), nonce, ...sealed]));
}

/** Base64 without padding, as age writes it. */
export function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** The nonce of the only chunk: counter 0, and the flag that it is the last. */
const lastChunkNonce = Buffer.from('000000000000000000000001', 'hex');

function headerKey(fileKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, new Uint8Array(), 'header', 32));
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

function parseStanzas(lines: readonly string[]): Stanza[] {
  const stanzas: Stanza[] = [];
  for (let at = 0; at < lines.length;) {
    const first = lines[at++] ?? '';
    const args = first.startsWith('-> ') ? first.slice(3).split(' ') : [];
    if (args.length === 0 || args.some((argument) => !/^[\x21-\x7e]+$/.test(argument)))
      throw damaged('a stanza is malformed');
    let body = '';
    for (;;) {
      const line = lines[at++];
      if (line === undefined || line.length > 64) throw damaged('a stanza has no end');
      body += line;
      if (line.length < 64) break;
    }
    stanzas.push({ args, body: rawBase64(body) });
  }
  return stanzas;
}

function stanzaLines({ args, body }: Stanza): string[] {
  const text = unpadded(body);
  const lines = text.match(/.{1,64}/g) ?? [];
  // A body always ends with a short line, an empty one if need be.
  return [`-> ${args.join(' ')}`, ...lines, ...(text.length % 64 === 0 ? [''] : [])];
}

function rawBase64(text = ''): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (unpadded(bytes) !== text) throw damaged('its base64 is not canonical');
  return bytes;
}

const begin = '-----BEGIN AGE ENCRYPTED FILE-----';
const finish = '-----END AGE ENCRYPTED FILE-----';

function armor(bytes: Buffer): string {
  return [begin, ...(bytes.toString('base64').match(/.{1,64}/g) ?? []), finish, ''].join('\n');
}

function dearmor(text: string): Buffer {
  const lines = text.trim().split(/\r?\n/);
  const body = lines.slice(1, -1);
  const sound = body.every((line, index) =>
    index < body.length - 1 ? line.length === 64 : line.length <= 64,
  );
  if (lines[0] !== begin || lines.at(-1) !== finish || !sound) throw damaged('its armor is malformed');
  const joined = body.join('');
  const bytes = Buffer.from(joined, 'base64');
  if (bytes.toString('base64') !== joined) throw damaged('its armor is not canonical base64');
  return bytes;
}

function damaged(how: string): SecretsError {
  return new SecretsError('DECRYPT_FAILED', `an encrypted data key is damaged: ${how}`);
}
