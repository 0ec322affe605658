import { stripVTControlCharacters } from 'node:util';

/** What a target writes may be anything: a terminal obeys none of it. Tabs and newlines stay. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is left out
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}
