import { Option } from 'commander';
import { UsageError } from '@cutover/foundation/usage-error';
import type { SopsFormat } from '../../sops/formats/format.ts';
import type { PathPart } from '../../sops/tree-path.ts';

/** What most commands that open a file take. */
export interface FileFlags {
  readonly format?: SopsFormat | undefined;
  readonly identity?: string | undefined;
  readonly json?: boolean | undefined;
}

export const formatOption = (): Option =>
  new Option('--format <format>', 'of the file (default: by its name)').choices([
    'yaml',
    'json',
    'dotenv',
    'ini',
    'binary',
  ]);

export const identityOption = (text = 'open files with this identity file and nothing else'): Option =>
  new Option('-i, --identity <file>', text);

export const jsonOption = (): Option => new Option('--json', 'print the report as JSON');

export const configOption = (): Option =>
  new Option('-c, --config <file>', 'the config file').default('secrets.yaml');

/** `a/0/b` as sops-nix writes paths; a part of digits is an index where there is a list. */
export function parsePath(text: string): PathPart[] {
  const parts = text.split('/');
  if (parts.some((part) => part === ''))
    throw new UsageError(`${text} is not a path: parts are separated by one /`);
  return parts;
}

/** Prints a document as JSON, or as lines. */
export function print(json: boolean | undefined, document: unknown, lines: () => readonly string[]): void {
  const text = json === true ? [JSON.stringify(document)] : lines();
  process.stdout.write(text.map((line) => `${line}\n`).join(''));
}
