import { SecretsError } from '../../errors.ts';
import type { Documents } from '../tree.ts';

/** The formats of sops files. */
export const sopsFormats = ['yaml', 'json', 'dotenv', 'ini', 'binary'] as const;
/**
 * The formats of sops files. `binary`: the whole file is one value; its sops file is JSON.
 * @useDeclaredType
 */
export type SopsFormat = (typeof sopsFormats)[number];

/** How much input is read at most, in bytes. A YAML document takes some twenty times its size in memory. */
export const maxInputBytes: number = 64 * 1024 * 1024;
const maxYamlBytes = 16 * 1024 * 1024;

/** The format sops takes a file for by its name (`formats.FormatForPath`). */
export function formatOf(path: string): SopsFormat {
  if (/\.ya?ml$/.test(path)) return 'yaml';
  if (path.endsWith('.json')) return 'json';
  if (path.endsWith('.env')) return 'dotenv';
  if (path.endsWith('.ini')) return 'ini';
  return 'binary';
}

/** How far the levels of a file are indented, in blanks: `stores` of `.sops.yaml`. Default: sops's own. */
export interface FileLayout {
  readonly yaml?: number | undefined;
  readonly json?: number | undefined;
  readonly binary?: number | undefined;
}

/** Reads a document that is not encrypted. */
export async function parsePlain(format: SopsFormat, bytes: Uint8Array): Promise<Documents> {
  if (format === 'binary') {
    checkSize(bytes, maxInputBytes);
    const { wrapBinary } = await import('./binary.ts');
    return wrapBinary(bytes);
  }
  return parseText(format, bytes);
}

/** Reads an encrypted document; the binary format's is JSON. */
export async function parseEncrypted(format: SopsFormat, bytes: Uint8Array): Promise<Documents> {
  return parseText(format === 'binary' ? 'json' : format, bytes);
}

/** Writes a document that is not encrypted. */
export async function emitPlain(
  format: SopsFormat,
  documents: Documents,
  layout: FileLayout = {},
): Promise<Uint8Array> {
  if (format === 'binary') {
    const { unwrapBinary } = await import('./binary.ts');
    return unwrapBinary(documents);
  }
  return emitEncrypted(format, documents, layout);
}

/** Writes an encrypted document, its metadata already in it. */
export async function emitEncrypted(
  format: SopsFormat,
  documents: Documents,
  layout: FileLayout = {},
): Promise<Uint8Array> {
  switch (format) {
    case 'yaml': {
      const { emitYaml } = await import('./yaml-write.ts');
      return Buffer.from(emitYaml(documents, layout.yaml), 'utf8');
    }
    case 'json':
    case 'binary': {
      const { emitJson } = await import('./json.ts');
      const indent = format === 'json' ? layout.json : layout.binary;
      const blanks = indent === undefined ? undefined : ' '.repeat(indent);
      return Buffer.from(emitJson(documents, blanks), 'utf8');
    }
    case 'dotenv': {
      const { emitDotenv } = await import('./dotenv.ts');
      return emitDotenv(documents);
    }
    default: {
      const { emitIni } = await import('./ini-write.ts');
      return emitIni(documents);
    }
  }
}

async function parseText(format: Exclude<SopsFormat, 'binary'>, bytes: Uint8Array): Promise<Documents> {
  checkSize(bytes, format === 'yaml' ? maxYamlBytes : maxInputBytes);
  const text = decode(bytes);
  switch (format) {
    case 'yaml': {
      const { parseYaml } = await import('./yaml-read.ts');
      return parseYaml(text);
    }
    case 'json': {
      const { parseJson } = await import('./json.ts');
      return parseJson(text);
    }
    case 'dotenv': {
      const { parseDotenv } = await import('./dotenv.ts');
      return parseDotenv(text);
    }
    default: {
      const { parseIni } = await import('./ini-read.ts');
      return parseIni(text);
    }
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SecretsError('PARSE_FAILED', 'the file is not UTF-8 text; use the binary format');
  }
}

function checkSize(bytes: Uint8Array, most: number): void {
  if (bytes.length > most) {
    throw new SecretsError('LIMIT_EXCEEDED', `the file has ${bytes.length} bytes, more than ${most}`);
  }
}
