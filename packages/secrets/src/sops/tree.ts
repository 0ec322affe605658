/**
 * A sops document in memory: ordered, with comments as items in their own right, as sops's own `TreeBranch`.
 * Plain objects would not do: they reorder keys that look like numbers, and the MAC is over the order.
 */
export interface MapNode {
  readonly type: 'map';
  readonly entries: (Entry | Comment)[];
}

/** A key of a map with its value, which may be changed in place. */
export interface Entry {
  readonly type: 'entry';
  readonly key: string;
  value: TreeValue;
  /** YAML's key `<<`, which merges its map into the one it stands in; a quoted `"<<"` is a key like any other. */
  readonly merge?: true | undefined;
}

/** A list of values, with the comments between them. */
export interface ListNode {
  readonly type: 'list';
  readonly items: (TreeValue | Comment)[];
}

/** One line of a comment, without its `#`. */
export interface Comment {
  readonly type: 'comment';
  text: string;
  /** Written behind a value on its line, not above it. */
  readonly inline: boolean;
}

/** A value as Go reads it; `int` is an int64, `time` the text of Go's `MarshalText` (RFC 3339, to the nanosecond). */
export type Scalar =
  | { readonly type: 'str'; readonly value: string }
  /** A string that is not UTF-8: binary files, and `!!binary` in YAML. */
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'time'; readonly value: string }
  | { readonly type: 'null' };

/** A value of a document. */
export type TreeValue = MapNode | ListNode | Scalar;

/** The documents of a file, in order; only YAML has more than one. */
export type Documents = MapNode[];

export const str = (value: string): Scalar => ({ type: 'str', value });
export const entry = (key: string, value: TreeValue, merge = false): Entry =>
  merge ? { type: 'entry', key, value, merge } : { type: 'entry', key, value };
export const comment = (text: string, inline = false): Comment => ({ type: 'comment', text, inline });
export const map = (entries: (Entry | Comment)[] = []): MapNode => ({ type: 'map', entries });
export const list = (items: (TreeValue | Comment)[] = []): ListNode => ({ type: 'list', items });

/** The value of `key` in `node`, or `undefined` when there is none. */
export function valueOf(node: MapNode, key: string): TreeValue | undefined {
  for (const item of node.entries) if (item.type === 'entry' && item.key === key) return item.value;
  return undefined;
}
