import { isUtf8 } from 'node:buffer';

/** How a known value may be written. */
export const encodings = ['raw', 'base64', 'hex', 'url', 'json'] as const;
/**
 * The ways of writing a value in which it is looked for.
 * @useDeclaredType
 */
export type Encoding = (typeof encodings)[number];

/** Bytes that must not be found. */
export interface Needle {
  readonly secret: string;
  readonly encoding: Encoding;
  readonly bytes: Buffer;
}

/** A secret whose content is known. */
export interface KnownSecret {
  readonly spec: { readonly name: string; readonly kind: string };
  /** The content. */
  reveal(): Uint8Array;
}

/** A value that is known; only its name is ever reported. */
export interface KnownValue {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Shorter values would be found everywhere. */
const shortest = 8;

/**
 * The parts of secrets that a scan looks for, by their kind: of an env file the values, of a key its body's lines,
 * of anything else the whole and its long lines. A certificate is public and has none.
 */
export function knownValues(secrets: readonly KnownSecret[]): KnownValue[] {
  return secrets.flatMap((secret) =>
    parts(secret.spec.kind, Buffer.from(secret.reveal())).map((value) => ({ name: secret.spec.name, value })),
  );
}

function parts(kind: string, content: Buffer): Uint8Array[] {
  const whole = trimmed(content);
  // latin1 keeps every byte as it is.
  const lines = whole
    .toString('latin1')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const bytes = (texts: readonly string[]): Buffer[] =>
    texts.filter((text) => text.length >= shortest).map((text) => Buffer.from(text, 'latin1'));
  switch (kind) {
    case 'certificate':
      return [];
    case 'env':
      return bytes(
        lines
          .filter((line) => line.includes('=') && !line.startsWith('#'))
          .map((line) => line.slice(line.indexOf('=') + 1).replace(/^(["'])(.*)\1$/, '$2')),
      );
    case 'private-key':
      return bytes(lines.filter((line) => !line.startsWith('-----') && line.length >= 24));
    case 'age-identity':
      return bytes(lines.filter((line) => !line.startsWith('#')));
    default: {
      const long = lines.length > 1 ? lines.filter((line) => line.length >= 24) : [];
      return [...(whole.length >= shortest ? [whole] : []), ...bytes(long)];
    }
  }
}

function trimmed(content: Buffer): Buffer {
  return Buffer.from(content.toString('latin1').trim(), 'latin1');
}

/** Every way a known value may be written, without repeats. Base64 has three, by where it starts in its text. */
export function needlesOf(values: readonly KnownValue[]): Needle[] {
  const seen = new Set<string>();
  const needles: Needle[] = [];
  for (const { name, value } of values) {
    if (value.length < shortest) continue;
    for (const [encoding, bytes] of written(Buffer.from(value))) {
      const key = bytes.toString('latin1');
      if (bytes.length < shortest || seen.has(key)) continue;
      seen.add(key);
      needles.push({ secret: name, encoding, bytes });
    }
  }
  return needles;
}

function written(value: Buffer): [Encoding, Buffer][] {
  const out: [Encoding, Buffer][] = [['raw', value]];
  for (const shift of [0, 1, 2]) {
    const text = shiftedBase64(value, shift);
    out.push(
      ['base64', Buffer.from(text)],
      ['base64', Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_'))],
    );
  }
  const hex = value.toString('hex');
  out.push(['hex', Buffer.from(hex)], ['hex', Buffer.from(hex.toUpperCase())]);
  if (isUtf8(value)) {
    const text = value.toString('utf8');
    out.push(['url', Buffer.from(encodeURIComponent(text))], ['url', Buffer.from(strictUrl(text))]);
    out.push(['json', Buffer.from(JSON.stringify(text).slice(1, -1))]);
  }
  return out;
}

/** The characters of the base64 that do not depend on what stands before and behind the value. */
function shiftedBase64(value: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), value])
    .toString('base64')
    .replace(/=+$/, '');
  const from = Math.ceil((shift * 8) / 6);
  const to = Math.floor(((shift + value.length) * 8) / 6);
  return text.slice(from, to);
}

function strictUrl(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
