import { describe, expect, test } from 'vitest';
import { generateKeyPair } from '../../src/age.ts';
import { replaceRecipient } from '../../src/guard/recipient-lists.ts';

const [gone, stays, comes] = [generateKeyPair(), generateKeyPair(), generateKeyPair()].map(
  ({ recipient }) => recipient,
) as [string, string, string];

const replaced = (text: string, add: string[] = []): string | undefined =>
  replaceRecipient(text, gone, add, '.sops.yaml');

describe('a recipient leaves', () => {
  test.each([
    [
      'a comma-separated list',
      `creation_rules:\n  # ours\n  - path_regex: x$\n    age: ${gone},${stays}\n`,
      `creation_rules:\n  # ours\n  - path_regex: x$\n    age: ${stays}\n`,
    ],
    [
      'a list',
      `creation_rules:\n  - age:\n      - ${stays}\n      - ${gone} # left in May\n`,
      `creation_rules:\n  - age:\n      - ${stays}\n`,
    ],
    [
      'key groups, and with it the alias and its anchor',
      `keys:\n  - &a ${gone}\n  - &b ${stays}\ncreation_rules:\n  - key_groups:\n      - age:\n          - *a\n          - *b\n`,
      `keys:\n  - &b ${stays}\ncreation_rules:\n  - key_groups:\n      - age:\n          - *b\n`,
    ],
    [
      'the recipients of a secrets.yaml',
      `recipients: [${gone}]\nsecrets: []\n`,
      'recipients: []\nsecrets: []\n',
    ],
  ])('%s', (_where, text, expected) => {
    expect(replaced(text)).toBe(expected);
  });

  test('and another comes where files are encrypted for it, once', () => {
    expect(
      replaced(`keys: [${gone}]\ncreation_rules:\n  - age: ${gone},${comes}\n  - age: [${gone}]\n`, [comes]),
    ).toBe(`keys: []\ncreation_rules:\n  - age: ${comes}\n  - age: [${comes}]\n`);
  });
});

test('a rule that would be left without recipients is refused', () => {
  for (const list of [gone, `[${gone}]`, `"${gone}, ${gone}"`])
    expect(() => replaced(`creation_rules:\n  - age: ${list}\n`)).toThrow(/without recipients/);
});

test('a text that does not name it stays as it is', () => {
  expect(replaced(`creation_rules:\n  - age: ${stays}\n`)).toBeUndefined();
});

test('an ssh recipient is the same whatever its comment', () => {
  expect(
    replaceRecipient(
      `creation_rules:\n  - age:\n      - ssh-ed25519 AAAA me@here\n      - ${stays}\n`,
      'ssh-ed25519 AAAA',
      [],
      'x',
    ),
  ).toBe(`creation_rules:\n  - age:\n      - ${stays}\n`);
});
