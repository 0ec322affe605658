import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SecretsError } from '../../src/index.ts';
import { decryptFile, encryptFile } from '../../src/sops.ts';
import { generateKeyPair, parseIdentities } from '../../src/age.ts';
import { formatOf, parsePlain } from '../../src/sops/formats/format.ts';
import { runSops } from '../sops-command.ts';
import type { Sample } from './corpus.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);

/** What came of one question on both ways; the two have to be equal. */
export interface Pair {
  readonly question: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/**
 * Encrypts a sample with both and opens each with both.
 *
 * @returns what has to be equal; nothing when both refuse the sample. Throws when only one does.
 */
export async function compare(sops: string, directory: string, sample: Sample): Promise<Pair[]> {
  const file = join(directory, `plain.${sample.extension}`);
  await writeFile(file, sample.text);
  const config = join(directory, 'sops-config.yaml');
  const rule = {
    path_regex: '.*',
    age: keys.recipient,
    mac_only_encrypted: sample.macOnlyEncrypted,
    ...(sample.rule !== undefined && { [sample.rule.kind]: sample.rule.value }),
  };
  await writeFile(config, JSON.stringify({ creation_rules: [rule] }));
  const theirs = attempt(() => runSops(sops, ['--config', config, 'encrypt', file], keys));
  const ours = await encryptFile(sample.text, {
    file,
    recipients: [keys.recipient],
    ...(sample.rule !== undefined && { rule: sample.rule }),
    macOnlyEncrypted: sample.macOnlyEncrypted,
  }).catch((error: unknown) => (error instanceof SecretsError ? error : Promise.reject(error)));
  if (theirs instanceof Error && ours instanceof SecretsError) return [];
  // Where we refuse, sops may be laxer (a duplicate key in JSON); where sops refuses, so must we.
  if (theirs instanceof Error) throw new Error(`only sops refuses: ${String(theirs)}`);
  if (ours instanceof SecretsError) throw new Error(`only we refuse: ${ours.message}`);

  const encrypted = join(directory, `encrypted.${sample.extension}`);
  await writeFile(encrypted, theirs);
  const expected = attempt(() => runSops(sops, ['decrypt', encrypted], keys));
  await writeFile(encrypted, ours);
  const fromOurs = runSops(sops, ['decrypt', encrypted], keys);

  const through = (plaintext: Uint8Array): Promise<unknown> =>
    throughSops(sops, plaintext, sample, directory);
  if (expected instanceof Error) {
    const opened = await decryptFile(ours, { file: encrypted, identities });
    if (hasCommentedComplexKey(sample) && selectsByComment(sample)) {
      // The comments that it loses select what is encrypted; in ours they stand where it finds them.
      if (hasSeparator(sample)) return [];
      const [read, fromSops] = await Promise.all(
        [opened.plaintext, fromOurs].map((content) => meaning(content, sample)),
      );
      return [{ question: 'ours', ours: read, theirs: fromSops }];
    }
    if (!isLaidOutUnreadably(sample)) throw new Error(`sops does not open its own file: ${expected.message}`);
    if (hasCommentedComplexKey(sample)) return [];
    return [{ question: 'ours', ours: await through(opened.plaintext), theirs: normal(fromOurs, sample) }];
  }
  const opened = await decryptFile(theirs, { file: encrypted, identities }).catch((error: unknown) => {
    // sops writes separators into a block of several lines as they are, which is refused.
    if (error instanceof SecretsError && error.code === 'UNSUPPORTED' && isLaidOutUnreadably(sample))
      return undefined;
    throw error;
  });
  if (opened === undefined) {
    // A second pass through sops would lose the comments beside such a key.
    if (hasCommentedComplexKey(sample)) return [];
    const own = await decryptFile(ours, { file: encrypted, identities });
    return [{ question: 'ours', ours: await through(own.plaintext), theirs: normal(fromOurs, sample) }];
  }
  if (hasCommentBehind(sample)) {
    // sops moves one behind a value above it, and takes one that ends a map for part of a map in it, where it then does not
    // always find it again. We find all of them.
    const own = await decryptFile(ours, { file: encrypted, identities });
    const [read, again] = await Promise.all(
      [opened.plaintext, own.plaintext].map((content) => meaning(content, sample)),
    );
    // The separators stand as they are in what sops prints, where they cannot be read in every place.
    if (hasSeparator(sample)) return [{ question: 'ours', ours: again, theirs: read }];
    const [fromSops, printed] = await Promise.all(
      [fromOurs, expected].map((content) => meaning(content, sample)),
    );
    const lost = expected.includes('#ENC[') || fromOurs.includes('#ENC[');
    const told = (one: typeof read): unknown => (lost ? one?.values : one);
    return [
      { question: 'ours', ours: again, theirs: read },
      { question: 'what sops wrote', ours: told(read), theirs: told(printed) },
      { question: 'what we wrote', ours: told(fromSops), theirs: told(printed) },
    ];
  }
  if (hasCommentedComplexKey(sample)) {
    if (fromOurs.includes('#ENC[')) throw new Error('sops does not find a comment of ours');
    // The separators stand as they are in what sops prints, where they cannot be read in every place.
    if (hasSeparator(sample)) return [];
    const [read, fromSops, printed] = await Promise.all(
      [opened.plaintext, fromOurs, expected].map((content) => meaning(content, sample)),
    );
    const lost = expected.includes('#ENC[');
    return [
      { question: 'what we wrote', ours: fromSops, theirs: read },
      ...(lost ? [] : [{ question: 'what sops wrote', ours: read, theirs: printed }]),
    ];
  }
  if (expected.includes('#ENC[')) throw new Error('sops does not find its own comment again');
  // sops writes U+2028 as it is where we write an escape; whether they mean the same is then for sops to say.
  const read = hasSeparator(sample) ? await through(opened.plaintext) : normal(opened.plaintext, sample);
  return [
    { question: 'what sops wrote', ours: read, theirs: normal(expected, sample) },
    { question: 'what we wrote', ours: normal(fromOurs, sample), theirs: normal(expected, sample) },
  ];
}

/** A plain text as sops prints it after encrypting and decrypting it. */
async function throughSops(
  sops: string,
  plaintext: Uint8Array,
  sample: Sample,
  directory: string,
): Promise<ReturnType<typeof normal>> {
  const file = join(directory, `through.${sample.extension}`);
  await writeFile(file, plaintext);
  const everything = ['--age', keys.recipient, '--encrypted-regex', '.*'];
  await writeFile(file, runSops(sops, ['encrypt', ...everything, file], keys));
  return normal(runSops(sops, ['decrypt', file], keys), sample);
}

function hasSeparator({ extension, text }: Sample): boolean {
  return extension === 'yaml' && /\\u202[89]/.test(text.toString());
}

/** sops lays out unencrypted texts of several lines with a separator, or beginning blank in a list, so that it cannot read them. */
function isLaidOutUnreadably(sample: Sample): boolean {
  const text = sample.text.toString();
  const blankInList =
    sample.extension === 'yaml' && /"(?:\\n| .*\\n)/.test(text) && /^\s*-(?:\s|$)/m.test(text);
  return (hasSeparator(sample) && text.includes('\\n')) || blankInList;
}

/**
 * Comments beside keys of more than one line or 128 bytes: sops loses some of them in its own files, and ours are laid
 * out so that it does not.
 */
function hasCommentedComplexKey({ extension, text }: Sample): boolean {
  const complex = /\\u0085k|\\u202[89]|two\\nlines|k{129}/;
  return extension === 'yaml' && complex.test(text.toString()) && /^\s*#/m.test(text.toString());
}

/** Behind a value on its line, or behind the last of a map. */
function hasCommentBehind({ extension, text }: Sample): boolean {
  if (extension !== 'yaml') return false;
  const lines = text.toString().split('\n');
  const depth = (line: string | undefined): number => (line ?? '').search(/\S/);
  return lines.some((line, at) => {
    const ends = depth(lines[at + 1]) < depth(line) || /^(?:---)?$/.test(lines[at + 1] ?? '');
    return / #/.test(line.trimStart()) || (line.trimStart().startsWith('#') && ends);
  });
}

function selectsByComment({ rule }: Sample): boolean {
  return rule?.kind === 'encrypted_comment_regex' || rule?.kind === 'unencrypted_comment_regex';
}

/**
 * Two YAML libraries see a comment between nested values at different depths, so where it stands is not compared. Nor
 * is the indentation that a block's header tells: sops says 4 in a list, where it is 2.
 */
function normal(content: Uint8Array, { extension }: Sample): { rest: string; comments: string[] } {
  const text = Buffer.from(content).toString('latin1');
  if (extension !== 'yaml') return { rest: text, comments: [] };
  const lines = text.split('\n');
  const isComment = (line: string): boolean => line.trimStart().startsWith('#');
  return {
    rest: lines
      .filter((line) => !isComment(line))
      .map((line) => line.replace(/\|[24](?=[-+]?$)/, '|'))
      .join('\n'),
    comments: lines
      .filter(isComment)
      .map((line) => line.trim())
      .sort(),
  };
}

/** A file's values without its layout, and its comments without their places. */
async function meaning(
  content: Uint8Array,
  { extension }: Sample,
): Promise<{ values: string; comments: string[] }> {
  const documents = await parsePlain(formatOf(`x.${extension}`), content);
  const comments: string[] = [];
  const values = JSON.stringify(documents, (_key, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (!Array.isArray(value)) return value;
    return value.filter((item: { type: string; text: string }) => {
      if (item.type === 'comment') comments.push(item.text);
      return item.type !== 'comment';
    });
  });
  return { values, comments: comments.sort() };
}

function attempt(run: () => Buffer): Buffer | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
