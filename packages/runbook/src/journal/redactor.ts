import type { JsonValue } from '../engine/json.ts';

/** Takes secrets out of text. Everything that is journaled or shown passes through one of these. */
export interface Redactor {
  text(text: string): string;
  /** A copy of `value` with every string in it redacted, names of members included. */
  value<T>(value: T): T;
}

const mark = '[redacted]';

/** Shapes of secrets that are recognised without knowing their value. */
const patterns: readonly RegExp[] = [
  /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\btskey-[a-z]+-[A-Za-z0-9-]+/g,
  /\bsk-ant-[A-Za-z0-9_-]{8,}/g,
  /\bgh[opsur]_[A-Za-z0-9]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /(?<=\b(?:bearer|token|basic) )[A-Za-z0-9+/._~-]{16,}=*/gi,
  /(?<=\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/gi,
];

/** Shorter values would blank out innocent text; such secrets are too weak to hide anyway. */
const shortest = 6;

/** A redactor for these known values, in the encodings they are likely to show up in, and for the known shapes. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const known = forms.length === 0 ? undefined : new RegExp(forms.map(escapeForRegExp).join('|'), 'g');

  const text = (input: string): string => {
    let output = known === undefined ? input : input.replace(known, mark);
    for (const pattern of patterns) output = output.replace(pattern, mark);
    return output;
  };
  return { text, value: (value) => redactValue(value, text) };
}

/** The value, its lines (a key file is often shown line by line), and how JSON, URLs, base64 and hex write it. */
function formsOf(secret: string): string[] {
  const whole = secret.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const bytes = Buffer.from(whole);
  return [
    whole,
    ...lines,
    JSON.stringify(whole).slice(1, -1),
    encodeURIComponent(whole),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    Buffer.from(secret).toString('base64'),
    bytes.toString('hex'),
  ].filter((form) => form.length >= shortest && !/^-----(?:BEGIN|END) [A-Z ]*-----$/.test(form));
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function redactValue<T>(value: T, text: (input: string) => string): T;
function redactValue(value: unknown, text: (input: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [text(name), redactValue(member, text)]),
  );
}

/** For evidence that must be JSON: what `JSON.stringify` would make of it. */
export function toJson(value: unknown): JsonValue {
  const parsed: JsonValue = JSON.parse(JSON.stringify(value) ?? 'null');
  return parsed;
}
