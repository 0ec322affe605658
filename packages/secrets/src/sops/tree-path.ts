import { SecretsError } from '../errors.ts';
import { type ListNode, type MapNode, type TreeValue, entry, list, map, valueOf } from './tree.ts';

/** Part of a path: a key of a map, or an index of a list (comments are not counted). */
export type PathPart = string | number;

/** The value at a path, or `undefined`. */
export function valueAt(root: TreeValue, path: readonly PathPart[]): TreeValue | undefined {
  let at: TreeValue | undefined = root;
  for (const part of path) {
    if (at?.type === 'map') at = valueOf(at, String(part));
    else if (at?.type === 'list' && isIndex(part)) at = itemsOf(at)[Number(part)];
    else return undefined;
  }
  return at;
}

/**
 * Sets the value at a path, making maps and lists on the way; a scalar in the way is replaced, as by sops.
 *
 * @returns whether anything changed.
 * @throws {SecretsError} `KEY_NOT_FOUND`: an index beyond the end of a list by more than one.
 */
export function setValue(root: MapNode, path: readonly PathPart[], value: TreeValue): boolean {
  const last = path.at(-1);
  if (last === undefined) throw new SecretsError('KEY_NOT_FOUND', 'the path is empty');
  let at: MapNode | ListNode = root;
  for (const [index, part] of path.slice(0, -1).entries()) {
    const next = child(at, part, path);
    if (next?.type === 'map' || next?.type === 'list') at = next;
    else {
      const made = typeof path[index + 1] === 'number' ? list() : map();
      place(at, part, made, path);
      at = made;
    }
  }
  const before = child(at, last, path);
  if (before !== undefined && sameValue(before, value)) return false;
  place(at, last, value, path);
  return true;
}

/**
 * Removes the value at a path.
 *
 * @throws {SecretsError} `KEY_NOT_FOUND`
 */
export function unsetValue(root: MapNode, path: readonly PathPart[]): void {
  const last = path.at(-1);
  const parent = last === undefined ? undefined : valueAt(root, path.slice(0, -1));
  const missing = (): SecretsError =>
    new SecretsError('KEY_NOT_FOUND', 'there is no such key', { key: path.join(':') });
  if (last === undefined || parent === undefined) throw missing();
  if (parent.type === 'map') {
    const at = parent.entries.findIndex((item) => item.type === 'entry' && item.key === String(last));
    if (at < 0) throw missing();
    parent.entries.splice(at, 1);
  } else if (parent.type === 'list' && isIndex(last)) {
    const item = itemsOf(parent)[Number(last)];
    if (item === undefined) throw missing();
    parent.items.splice(parent.items.indexOf(item), 1);
  } else throw missing();
}

/** Whether two values are the same, their comments left aside. */
export function sameValue(a: TreeValue, b: TreeValue): boolean {
  if (a.type === 'map' && b.type === 'map') {
    const left = a.entries.filter((item) => item.type === 'entry');
    const right = b.entries.filter((item) => item.type === 'entry');
    return (
      left.length === right.length &&
      left.every((item, index) => {
        const other = right[index];
        return other !== undefined && item.key === other.key && sameValue(item.value, other.value);
      })
    );
  }
  if (a.type === 'list' && b.type === 'list') {
    const [left, right] = [itemsOf(a), itemsOf(b)];
    return (
      left.length === right.length &&
      left.every((item, index) => {
        const other = right[index];
        return other !== undefined && sameValue(item, other);
      })
    );
  }
  if (a.type === 'bytes' && b.type === 'bytes') return Buffer.from(a.value).equals(b.value);
  if (a.type === 'null' || b.type === 'null') return a.type === b.type;
  return a.type === b.type && 'value' in a && 'value' in b && Object.is(a.value, b.value);
}

function itemsOf(node: ListNode): TreeValue[] {
  return node.items.filter((item) => item.type !== 'comment');
}

const isIndex = (part: PathPart): boolean => typeof part === 'number' || /^\d+$/.test(part);

function child(at: MapNode | ListNode, part: PathPart, path: readonly PathPart[]): TreeValue | undefined {
  if (at.type === 'map') return valueOf(at, String(part));
  if (!isIndex(part))
    throw new SecretsError('KEY_NOT_FOUND', 'a list has indices, not keys', { key: path.join(':') });
  return itemsOf(at)[Number(part)];
}

function place(at: MapNode | ListNode, part: PathPart, value: TreeValue, path: readonly PathPart[]): void {
  if (at.type === 'map') {
    const found = at.entries.find((item) => item.type === 'entry' && item.key === String(part));
    if (found?.type === 'entry') found.value = value;
    else at.entries.push(entry(String(part), value));
    return;
  }
  const items = itemsOf(at);
  const before = items[Number(part)];
  if (before !== undefined) at.items.splice(at.items.indexOf(before), 1, value);
  else if (Number(part) === items.length) at.items.push(value);
  else
    throw new SecretsError('KEY_NOT_FOUND', 'the index is beyond the end of the list', {
      key: path.join(':'),
    });
}
