import { stripVTControlCharacters } from 'node:util';
import { escapeControls } from '@cutover/foundation/escape-controls';

/**
 * What a host, a journal or a person said, for a terminal: without colours and movements of the cursor, and with what else
 * could hide or fake a line written out.
 */
export function printable(text: string): string {
  return escapeControls(stripVTControlCharacters(text).replaceAll(/\r+$/gm, ''));
}
