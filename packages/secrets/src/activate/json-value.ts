import type { TreeValue } from '../sops/tree.ts';

/** A value of a JSON file as sops-nix installs it: compact, keys sorted, as Go's `json.Marshal` of a map. */
export function compactJson(value: TreeValue): string {
  switch (value.type) {
    case 'map': {
      const entries = value.entries.flatMap((item) => (item.type === 'entry' ? [item] : []));
      // Go sorts by bytes.
      const sorted = entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
      return `{${sorted.map(({ key, value: inner }) => `${quoted(key)}:${compactJson(inner)}`).join(',')}}`;
    }
    case 'list':
      return `[${value.items.flatMap((item) => (item.type === 'comment' ? [] : [compactJson(item)])).join(',')}]`;
    case 'str':
    case 'time':
      return quoted(value.value);
    case 'bytes':
      return quoted(Buffer.from(value.value).toString('utf8'));
    case 'null':
      return 'null';
    default:
      return value.value.toString();
  }
}

/** Go escapes what would mean something in HTML or JavaScript too. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
