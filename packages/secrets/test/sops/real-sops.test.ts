import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SecretsError, decryptFile, encryptFile, generateKeyPair, parseIdentities } from '../../src/index.ts';
import { soak } from '../soak.ts';
import { runSops, sopsCommand } from '../sops-command.ts';
import { temporaryDirectory } from '../temporary.ts';
import { type Sample, samples } from './corpus.ts';

const keys = generateKeyPair();
const identities = parseIdentities(keys.identity);

describe.each(['3.13.2', '3.10.2'])('both ways against sops %s', (version) => {
  const sops = sopsCommand(version);

  test.skipIf(sops === undefined)(
    'a generated corpus: sops opens ours to the same plaintext, and we open what sops wrote',
    async () => {
      const directory = await temporaryDirectory();
      const count = version === '3.13.2' ? soak(2_000, 40) : soak(500, 12);
      const seen = { compared: 0, refusedByBoth: 0 };
      await fc.assert(
        fc.asyncProperty(samples, async (sample) => {
          // Before 3.13 sops read all JSON numbers as floats.
          fc.pre(
            version === '3.13.2' ||
              sample.extension !== 'json' ||
              !/-0\b|\d{16}/.test(sample.text.toString()),
          );
          fc.pre(!hasCommentInList(sample));
          // sops 3.10 loses a value that is one newline.
          fc.pre(version === '3.13.2' || !sample.text.includes('"\\n'));
          const both = await compare(sops ?? '', directory, sample);
          seen[both ? 'compared' : 'refusedByBoth']++;
        }),
        { numRuns: count, endOnFailure: false },
      );
      // Most samples must have been real comparisons.
      expect(seen.compared).toBeGreaterThan(seen.refusedByBoth);
    },
    1_800_000,
  );
});

/** @returns whether both accepted the sample; throws when they differ. */
async function compare(sops: string, directory: string, sample: Sample): Promise<boolean> {
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
  if (theirs instanceof Error || ours instanceof SecretsError) {
    // Where we refuse, sops may be laxer (a duplicate key in JSON); where sops refuses, so must we.
    if (!(ours instanceof SecretsError)) throw new Error(`only sops refuses: ${String(theirs)}`);
    if (!(theirs instanceof Error)) throw new Error(`only we refuse: ${ours.message}`);
    return false;
  }
  const encrypted = join(directory, `encrypted.${sample.extension}`);
  await writeFile(encrypted, theirs);
  const expected = attempt(() => runSops(sops, ['decrypt', encrypted], keys));
  if (expected instanceof Error) throw new Error(`sops does not open its own file: ${expected.message}`);
  const opened = await decryptFile(theirs, { file: encrypted, identities });
  expect(normal(opened.plaintext, sample)).toEqual(normal(expected, sample));
  await writeFile(encrypted, ours);
  expect(normal(runSops(sops, ['decrypt', encrypted], keys), sample)).toEqual(normal(expected, sample));
  return true;
}

/** sops does not open its own files with a comment in a list (getsops/sops#2243); edge-cases.test.ts has ours. */
function hasCommentInList({ extension, text }: Sample): boolean {
  return extension === 'yaml' && /^\s*#/m.test(text.toString()) && /^\s*-(?:\s|$)/m.test(text.toString());
}

/** Two YAML libraries see a comment between nested values at different depths, so where it stands is not compared. */
function normal(content: Uint8Array, { extension }: Sample): { rest: string; comments: string[] } {
  const text = Buffer.from(content).toString('latin1');
  if (extension !== 'yaml') return { rest: text, comments: [] };
  const lines = text.split('\n');
  const isComment = (line: string): boolean => line.trimStart().startsWith('#');
  return {
    rest: lines.filter((line) => !isComment(line)).join('\n'),
    comments: lines
      .filter(isComment)
      .map((line) => line.trim())
      .sort(),
  };
}

function attempt(run: () => Buffer): Buffer | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
