import { createHash } from 'node:crypto';
import { SecretsError } from '../errors.ts';
import {
  type NonceStash,
  decryptBytes,
  encryptBytes,
  encryptScalar,
  isEncrypted,
  nonceBytes,
  scalarOf,
  stashKey,
} from './cipher.ts';
import type { Selector } from './selection.ts';
import {
  type Comment,
  type Documents,
  type ListNode,
  type MapNode,
  type Scalar,
  type TreeValue,
  comment,
} from './tree.ts';
import { plainBytes } from './value-text.ts';

/** What a leaf or comment becomes. `additionalData` is what it is authenticated with. */
interface Visitor {
  leaf(value: Exclude<Scalar, { type: 'null' }>, additionalData: string, selected: boolean): Scalar | Comment;
  comment(node: Comment, additionalData: string, selected: boolean): string;
}

/**
 * Visits every leaf and comment in document order and replaces it in place (sops's `walkBranch`). List indices are
 * not part of a path, null is never visited, and a comment has its parent's path.
 */
function walk(documents: Documents, select: Selector, visitor: Visitor): void {
  for (const document of documents) walkMap(document, [], []);

  function walkMap(node: MapNode, path: readonly string[], outer: readonly string[][]): void {
    const active: string[] = [];
    const comments = [...outer, active];
    for (const item of node.entries) {
      if (item.type === 'comment') visitComment(item, path, comments, active);
      else {
        const value = walkValue(item.value, [...path, item.key], comments);
        if (value.type === 'comment')
          throw new SecretsError('DECRYPT_FAILED', 'a comment in place of a value', { key: item.key });
        item.value = value;
        active.length = 0;
      }
    }
  }

  function walkList(node: ListNode, path: readonly string[], outer: readonly string[][]): void {
    const active: string[] = [];
    const comments = [...outer, active];
    for (const [index, item] of node.items.entries()) {
      if (item.type === 'comment') visitComment(item, path, comments, active);
      else {
        node.items[index] = walkValue(item, path, comments);
        active.length = 0;
      }
    }
  }

  function walkValue(
    value: TreeValue,
    path: readonly string[],
    comments: readonly string[][],
  ): TreeValue | Comment {
    if (value.type === 'map') walkMap(value, path, comments);
    else if (value.type === 'list') walkList(value, path, comments);
    else if (value.type !== 'null') return visitor.leaf(value, placeOf(path), select(path, comments, false));
    return value;
  }

  function visitComment(
    node: Comment,
    path: readonly string[],
    comments: string[][],
    active: string[],
  ): void {
    active.push(node.text);
    node.text = visitor.comment(node, placeOf(path), select(path, comments, true));
  }
}

const placeOf = (path: readonly string[]): string => `${path.join(':')}:`;

/** `echo -n sops | sha256sum`: makes a MAC over encrypted values only differ from one over all (`sops.go`). */
const encryptedOnlySeed = Buffer.from(
  '8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69',
  'hex',
);

export interface WalkOptions {
  readonly dataKey: Uint8Array;
  readonly select: Selector;
  /** The MAC covers encrypted values only (`mac_only_encrypted`). */
  readonly macOnlyEncrypted: boolean;
  /** Nonces by plaintext and place: filled by decryption, used by encryption. */
  readonly stash?: NonceStash | undefined;
}

/**
 * Encrypts the selected leaves and comments in place.
 *
 * @returns the MAC over the plaintext, upper-case hex, not yet encrypted.
 */
export function encryptDocuments(documents: Documents, options: WalkOptions): string {
  const { dataKey, select, macOnlyEncrypted, stash } = options;
  const mac = startMac(macOnlyEncrypted);
  walk(documents, select, {
    leaf(value, place, selected) {
      if (selected || !macOnlyEncrypted) mac.update(plainBytes(value));
      if (!selected) return value;
      return { type: 'str', value: encryptScalar(value, dataKey, place, stash) };
    },
    comment({ text }, place, selected) {
      if (!selected || text === '') return text;
      const plain = Buffer.from(text, 'utf8');
      const nonce = stash?.get(stashKey('comment', plain, place));
      return encryptBytes(plain, 'comment', dataKey, place, nonce?.length === nonceBytes ? nonce : undefined);
    },
  });
  return mac.digest('hex').toUpperCase();
}

/**
 * Decrypts the selected leaves and comments in place.
 *
 * @returns the MAC over the plaintext, to be compared with the file's.
 * @throws {SecretsError} `DECRYPT_FAILED`, naming the key.
 */
export function decryptDocuments(documents: Documents, options: WalkOptions): string {
  const { dataKey, select, macOnlyEncrypted, stash } = options;
  const mac = startMac(macOnlyEncrypted);
  walk(documents, select, {
    leaf(value, place, selected) {
      const plain = selected ? open(value, dataKey, place, stash) : value;
      // sops writes a comment in a list as an item; it is not part of the MAC (getsops/sops#2243).
      if (plain.type === 'null' || plain.type === 'comment') return plain;
      if (selected || !macOnlyEncrypted) mac.update(plainBytes(plain));
      return plain;
    },
    comment({ text }, place, selected) {
      // sops takes a comment that is not encrypted for one of an older version; only the form decides here.
      if (!selected || !isEncrypted(text)) return text;
      const decrypted = decryptBytes(text, dataKey, place);
      stash?.set(stashKey('comment', decrypted.bytes, place), decrypted.nonce);
      return Buffer.from(decrypted.bytes).toString('utf8');
    },
  });
  return mac.digest('hex').toUpperCase();
}

function open(
  value: Scalar,
  dataKey: Uint8Array,
  place: string,
  stash: NonceStash | undefined,
): Scalar | Comment {
  const key = place.slice(0, -1);
  if (value.type !== 'str') {
    throw new SecretsError('DECRYPT_FAILED', `the value should be encrypted and is a plain ${value.type}`, {
      key,
    });
  }
  if (value.value === '') return value;
  try {
    const decrypted = decryptBytes(value.value, dataKey, place);
    stash?.set(stashKey(decrypted.type, decrypted.bytes, place), decrypted.nonce);
    return decrypted.type === 'comment'
      ? comment(Buffer.from(decrypted.bytes).toString('utf8'))
      : scalarOf(decrypted);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new SecretsError(error.code, error.what, { key }, { cause: error.cause });
  }
}

function startMac(macOnlyEncrypted: boolean): ReturnType<typeof createHash> {
  const mac = createHash('sha512');
  return macOnlyEncrypted ? mac.update(encryptedOnlySeed) : mac;
}

/**
 * The keys of leaves that are selected and that are not encrypted; of a comment, the key of what it stands in and `#`. Needs
 * no key: only the form is looked at. An empty string counts as encrypted, as in sops.
 */
export function plaintextLeaves(documents: Documents, select: Selector): string[] {
  const found: string[] = [];
  walk(structuredClone(documents), select, {
    leaf(value, place, selected) {
      const fine = value.type === 'str' && (value.value === '' || isEncrypted(value.value));
      if (selected && !fine) found.push(place.slice(0, -1));
      return value;
    },
    comment({ text }, place, selected) {
      if (selected && text !== '' && !isEncrypted(text)) found.push(`${place.slice(0, -1)}#`);
      return text;
    },
  });
  return found;
}
