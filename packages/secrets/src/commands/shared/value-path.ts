import { UsageError } from '@cutover/foundation/usage-error';
import type { PathPart } from '../../sops/tree-path.ts';
import { type Documents, type MapNode, type TreeValue, valueOf } from '../../sops/tree.ts';

/** How a path is written, for the help of commands. */
export const pathHelp = 'the keys to the value, / between them; or ["a/b"]["c"][0] as for sops';

/**
 * Reads a path in the short form, `a/0/b`, or in the form of sops, `["a/b"]["c"][0]`. In the short form a part of digits is an
 * index where there is a list.
 *
 * @param documents - of the file, whose keys are readable while it is encrypted too.
 * @throws {UsageError} it is no path, or a key with a `/` in it could be meant as well.
 */
export function parsePath(text: string, documents: Documents): PathPart[] {
  if (text.startsWith('[')) return sopsPath(text);
  const parts = text.split('/');
  if (parts.some((part) => part === ''))
    throw new UsageError(`${quoted(text)} is not a path: between two parts there is one /`);
  const [document] = documents;
  const key = document === undefined ? undefined : keyWithSlash(document, parts);
  if (key === undefined) return parts;
  throw new UsageError(
    `${quoted(text)} could also mean the key ${quoted(key)}; write the path as sops does, e.g. [${quoted(key)}]`,
  );
}

function sopsPath(text: string): PathPart[] {
  const parts: PathPart[] = [];
  const part = /\[(?:("(?:[^"\\]|\\.)*")|'([^']*)'|(\d+))\]/y;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    if (found === null) throw new UsageError(`${quoted(text)} is not a path such as ["a"]["b"][0]`);
    const [, double, single, index] = found;
    parts.push(index === undefined ? (single ?? unescaped(double ?? '""', text)) : Number(index));
  }
  return parts;
}

function unescaped(literal: string, text: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    throw new UsageError(`${quoted(text)} is not a path: a key in it has an escape that is not valid`);
  }
}

/** A key of the document with a `/` in it that the parts, or some of them together, would name too. */
function keyWithSlash(root: MapNode, parts: readonly string[]): string | undefined {
  let at: TreeValue | undefined = root;
  for (let depth = 0; depth < parts.length && at !== undefined; depth++) {
    if (at.type === 'map') {
      const keys = new Set(at.entries.flatMap((item) => (item.type === 'entry' ? [item.key] : [])));
      for (let end = depth + 2; end <= parts.length; end++) {
        const key = parts.slice(depth, end).join('/');
        if (keys.has(key)) return key;
      }
      at = valueOf(at, parts[depth] ?? '');
    } else if (at.type === 'list') {
      const item = at.items.filter(({ type }) => type !== 'comment')[Number(parts[depth])];
      at = item === undefined || item.type === 'comment' ? undefined : item;
    } else at = undefined;
  }
  return undefined;
}

const quoted = (text: string): string => JSON.stringify(text);
