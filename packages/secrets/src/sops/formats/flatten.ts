import { SecretsError } from '../../errors.ts';
import { type MapNode, type Scalar, type TreeValue, entry, list, map } from '../tree.ts';

const mapMark = '__map_';
const listMark = '__list_';

/** The leaves of a map with flat keys, `age__list_0__map_enc`, as sops writes metadata into dotenv and INI files. */
export function flatten(tree: MapNode): [string, Scalar][] {
  const flat: [string, Scalar][] = [];
  const descend = (key: string, value: TreeValue): void => {
    if (value.type === 'map') {
      for (const item of value.entries)
        if (item.type === 'entry') descend(`${key}${mapMark}${item.key}`, item.value);
    } else if (value.type === 'list') {
      for (const [index, item] of value.items.filter((one) => one.type !== 'comment').entries()) {
        descend(`${key}${listMark}${index}`, item);
      }
    } else flat.push([key, value]);
  };
  for (const item of tree.entries) if (item.type === 'entry') descend(item.key, item.value);
  return flat;
}

interface Branch {
  value?: Scalar | undefined;
  readonly keys: Map<string, Branch>;
  readonly indices: Map<number, Branch>;
}

const branch = (): Branch => ({ keys: new Map(), indices: new Map() });

/**
 * The map that flat keys stand for.
 *
 * @throws {SecretsError} `METADATA_INVALID` for keys that contradict each other.
 */
export function unflatten(flat: readonly (readonly [string, Scalar])[]): MapNode {
  const root = branch();
  for (const [key, value] of flat) {
    let at = root;
    for (const token of tokens(key)) at = childOf(at, token);
    if (at.value !== undefined) throw contradiction();
    at.value = value;
  }
  const tree = toValue(root);
  if (tree.type !== 'map') throw contradiction();
  return tree;
}

function tokens(key: string): (string | number)[] {
  const parts = key.split(/(__map_|__list_)/);
  const found: (string | number)[] = [parts[0] ?? ''];
  for (let index = 1; index < parts.length; index += 2) {
    const part = parts[index + 1] ?? '';
    if (parts[index] === mapMark) found.push(part);
    else if (/^\d{1,5}$/.test(part)) found.push(Number(part));
    else throw contradiction();
  }
  return found;
}

function childOf(at: Branch, token: string | number): Branch {
  if (typeof token === 'string') {
    const next = at.keys.get(token) ?? branch();
    at.keys.set(token, next);
    return next;
  }
  const next = at.indices.get(token) ?? branch();
  at.indices.set(token, next);
  return next;
}

function toValue({ value, keys, indices }: Branch): TreeValue {
  if (Number(value !== undefined) + Number(keys.size > 0) + Number(indices.size > 0) > 1)
    throw contradiction();
  if (value !== undefined) return value;
  if (indices.size === 0) return map([...keys].map(([key, child]) => entry(key, toValue(child))));
  return list(
    Array.from({ length: indices.size }, (_, index) => {
      const child = indices.get(index);
      if (child === undefined) throw contradiction();
      return toValue(child);
    }),
  );
}

const contradiction = (): SecretsError =>
  new SecretsError('METADATA_INVALID', 'the flat sops_ keys do not form a map with whole lists');
