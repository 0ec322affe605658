import { Option } from 'commander';
import { visible } from '../../visible.ts';
import type { SopsFormat } from '../../sops/formats/format.ts';

/** What most commands that open a file take. */
export interface FileFlags {
  readonly format?: SopsFormat | undefined;
  readonly identity?: string | undefined;
  readonly json?: boolean | undefined;
}

export const formatOption = (
  name = '--format',
  text = 'the format of the file (default: by its name)',
): Option => new Option(`${name} <format>`, text).choices(['yaml', 'json', 'dotenv', 'ini', 'binary']);

export const identityOption = (text = 'open files with this identity file and nothing else'): Option =>
  new Option('-i, --identity <file>', text);

export const jsonOption = (text = 'print the report as JSON'): Option => new Option('--json', text);

export const configOption = (): Option =>
  new Option('-c, --config <file>', 'the config file (default: secrets.yaml)');

/** One recipient, or several with commas; given once or more often. It takes one argument, so a file may follow. */
export const recipientOption = (name: string, text: string): Option =>
  new Option(name, text).argParser((value: string, before: string[] | undefined) => [
    ...(before ?? []),
    ...value
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  ]);

/** Prints a document as JSON, or as lines. */
export function print(json: boolean | undefined, document: unknown, lines: () => readonly string[]): void {
  const text = json === true ? [JSON.stringify(document)] : lines().map(visible);
  process.stdout.write(text.map((line) => `${line}\n`).join(''));
}
