import type { TreeValue } from '../sops/tree.ts';

/** A value of a JSON file as sops-nix installs it: compact, keys sorted, as Go's `json.Marshal` of a map. */
export function compactJson(value: TreeValue): string {
  switch (value.type) {
    case 'map': {
      const entries = value.entries.flatMap((item) => (item.type === 'entry' ? [item] : []));
      const sorted = entries.sort((a, b) => (a.key < b.key ? -1 : 1));
      return `{${sorted.map(({ key, value: inner }) => `${JSON.stringify(key)}:${compactJson(inner)}`).join(',')}}`;
    }
    case 'list':
      return `[${value.items.flatMap((item) => (item.type === 'comment' ? [] : [compactJson(item)])).join(',')}]`;
    case 'str':
    case 'time':
      return JSON.stringify(value.value);
    case 'bytes':
      return JSON.stringify(Buffer.from(value.value).toString('utf8'));
    case 'null':
      return 'null';
    default:
      return value.value.toString();
  }
}
