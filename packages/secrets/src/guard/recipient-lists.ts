import { type Document, isAlias, isPair, isScalar, parseDocument, visit } from 'yaml';
import { SecretsError } from '../errors.ts';

/**
 * Takes a recipient out of the lists of a `.sops.yaml` or a `secrets.yaml`: items, comma-separated texts, anchors and
 * their aliases; comments stay. Where files are encrypted for the list (`age`, `recipients`), `add` comes in instead.
 *
 * @returns the new text, or `undefined` when the recipient is in none of its lists.
 * @throws {SecretsError} `KEY_INVALID` when a rule would be left without recipients, `CONFIG_INVALID` for what is not YAML.
 */
export function replaceRecipient(
  text: string,
  recipient: string,
  add: readonly string[],
  file: string,
): string | undefined {
  const document = parseDocument(text);
  // The parser's messages quote their input.
  if (document.errors.length > 0) throw new SecretsError('CONFIG_INVALID', 'it is not YAML', { file });
  const changes: (() => void)[] = [];
  const without = (value: string): string[] => partsOf(value).filter((part) => !isSame(part, recipient));
  const holds = (node: unknown): boolean =>
    partsOf(textOf(node, document)).some((part) => isSame(part, recipient));
  const withoutRecipients = (): SecretsError =>
    new SecretsError('KEY_INVALID', 'a creation rule would be left without recipients; add a recipient', {
      file,
    });

  visit(document, {
    Seq(_key, list, path) {
      if (!list.items.some(holds)) return;
      const name = nameOf(path);
      const kept = list.items.flatMap((item) =>
        holds(item) ? without(textOf(item, document)).map((part) => document.createNode(part)) : [item],
      );
      const have = kept.map((item) => textOf(item, document));
      const added = forFiles.has(name) ? add.filter((one) => !have.includes(one)) : [];
      if (name === 'age' && kept.length + added.length === 0) throw withoutRecipients();
      changes.push(() => void (list.items = [...kept, ...added.map((one) => document.createNode(one))]));
    },
    Pair(_key, pair) {
      if (nameOf([pair]) !== 'age' || !holds(pair.value)) return;
      const parts = [...new Set([...without(textOf(pair.value, document)), ...add])];
      if (parts.length === 0) throw withoutRecipients();
      changes.push(() => {
        if (isScalar(pair.value)) pair.value.value = parts.join(',');
        else pair.value = document.createNode(parts.join(','));
      });
    },
  });
  // Applied at the end: an alias is only understood as long as its anchor is there.
  for (const change of changes) change();
  return changes.length === 0
    ? undefined
    : document.toString({ lineWidth: 0, flowCollectionPadding: /[[{] /.test(text) });
}

/** The lists that files are encrypted for; `keys` and the like only give names. */
const forFiles = new Set(['age', 'recipients']);

const partsOf = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** An ssh recipient's comment says nothing of whose it is. */
function isSame(a: string, b: string): boolean {
  const bare = (text: string): string =>
    text.startsWith('ssh-') ? text.split(/\s+/).slice(0, 2).join(' ') : text;
  return bare(a) === bare(b);
}

function textOf(node: unknown, document: Document): string {
  const found = isAlias(node) ? node.resolve(document) : node;
  return isScalar(found) && typeof found.value === 'string' ? found.value : '';
}

function nameOf(path: readonly unknown[]): string {
  const pair = path.findLast((item) => isPair(item));
  return isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : '';
}
