import { SecretsError } from '../errors.ts';
import { emitJson } from './formats/json.ts';
import { type PathPart, valueAt } from './tree-path.ts';
import { type Documents, type TreeValue, entry, map } from './tree.ts';

/** A path as the sops command takes it: `["a"][0]`. What is an index is seen from the document, as its keys are plain. */
export function indexText([document]: Documents, path: readonly PathPart[]): string {
  return path
    .map((part, depth) => {
      const parent = document === undefined ? undefined : valueAt(document, path.slice(0, depth));
      return parent?.type === 'list' ? `[${Number(part)}]` : `[${JSON.stringify(String(part))}]`;
    })
    .join('');
}

/**
 * A value as JSON. `sops set` takes its numbers for floats.
 *
 * @throws {SecretsError} `UNSUPPORTED`: an integer that a float cannot hold.
 */
export function jsonText(value: TreeValue): string {
  refuseLargeIntegers(value);
  const text = emitJson([map([entry('value', value)])]);
  return text.slice(text.indexOf(':') + 1, text.lastIndexOf('}')).trim();
}

function refuseLargeIntegers(value: TreeValue): void {
  if (value.type === 'int' && BigInt(Number(value.value)) !== value.value)
    throw new SecretsError('UNSUPPORTED', 'sops would take this integer for a float and lose digits of it');
  if (value.type === 'map')
    for (const item of value.entries) if (item.type === 'entry') refuseLargeIntegers(item.value);
  if (value.type === 'list')
    for (const item of value.items) if (item.type !== 'comment') refuseLargeIntegers(item);
}
