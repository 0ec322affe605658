import { SecretsError } from '../errors.ts';
import { compileGoRegex } from './go-regex.ts';

/** Which values of a file are encrypted. A file has one rule; sops's default is `unencrypted_suffix: _unencrypted`. */
export type SelectionRule =
  | { readonly kind: 'unencrypted_suffix'; readonly value: string }
  | { readonly kind: 'encrypted_suffix'; readonly value: string }
  | { readonly kind: 'unencrypted_regex'; readonly value: string }
  | { readonly kind: 'encrypted_regex'; readonly value: string }
  | { readonly kind: 'unencrypted_comment_regex'; readonly value: string }
  | { readonly kind: 'encrypted_comment_regex'; readonly value: string };

export const selectionKinds = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const satisfies readonly SelectionRule['kind'][];

export const defaultRule: SelectionRule = { kind: 'unencrypted_suffix', value: '_unencrypted' };

/**
 * Says of a value whether it is encrypted.
 *
 * @param path - the keys from the top, list indices left out.
 * @param comments - the active comments, one list per level, outermost first.
 * @param isComment - the value is itself the last comment of the innermost list.
 */
export type Selector = (
  path: readonly string[],
  comments: readonly (readonly string[])[],
  isComment: boolean,
) => boolean;

/**
 * The selector of a rule (sops's `shouldBeEncrypted`): any component of the path may match.
 *
 * @throws {SecretsError} `RULE_INVALID`: the pattern is refused.
 */
export async function selectorOf(rule: SelectionRule): Promise<Selector> {
  switch (rule.kind) {
    case 'unencrypted_suffix':
      return (path) => !path.some((component) => component.endsWith(rule.value));
    case 'encrypted_suffix':
      return (path) => path.some((component) => component.endsWith(rule.value));
    case 'unencrypted_regex': {
      const matches = remembering(await compileGoRegex(rule.value));
      return (path) => !path.some(matches);
    }
    case 'encrypted_regex': {
      const matches = remembering(await compileGoRegex(rule.value));
      return (path) => path.some(matches);
    }
    case 'unencrypted_comment_regex': {
      const matches = await compileGoRegex(rule.value);
      return (_path, comments) => !comments.some((level) => level.some(matches));
    }
    default: {
      const matches = await compileGoRegex(rule.value);
      return (_path, comments, isComment) =>
        comments.some((level, depth) =>
          level.some((text, index) => {
            // The comment line that asks for encryption stays readable itself.
            const self = isComment && depth === comments.length - 1 && index === level.length - 1;
            return !self && matches(text);
          }),
        );
    }
  }
}

/** Keys repeat all over a document: each is matched once. */
function remembering(matches: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    let answer = known.get(text);
    if (answer === undefined) known.set(text, (answer = matches(text)));
    return answer;
  };
}

/** @throws {SecretsError} `METADATA_INVALID`: more than one rule. */
export function onlyRule(rules: readonly SelectionRule[]): SelectionRule {
  if (rules.length > 1) {
    const kinds = rules.map((rule) => rule.kind).join(', ');
    throw new SecretsError('METADATA_INVALID', `at most one selection rule is possible, found ${kinds}`);
  }
  return rules[0] ?? defaultRule;
}
