import { dirname, join } from 'node:path';
import { SecretsError } from '../errors.ts';
import { creationRuleFor, matchingRule } from '../sops/creation-rules.ts';

/** Which files creation rules say are to be encrypted. */
export interface Coverage {
  /** Takes in a staged `.sops.yaml`. */
  add(file: string, text: string): void;
  file(file: string): Promise<boolean>;
}

/**
 * Finds the rule of a file as sops does, upward from its folder, in the index; where the index has no `.sops.yaml` on the
 * way, one that is not staged counts, so that forgetting to stage it opens nothing. Rules that cannot be understood
 * cover everything.
 */
export function createCoverage(repository: string): Coverage {
  const rules = new Map<string, string>();
  return {
    add: (file, text) => void rules.set(dirname(file), text),
    async file(file) {
      if (/(?:^|\/)\.sops\.ya?ml$/.test(file) || /(?:^|\/)manifest\.json$/.test(file)) return false;
      try {
        for (let folder = dirname(file); ; folder = dirname(folder)) {
          const text = rules.get(folder);
          if (text !== undefined)
            return (await matchingRule(text, join(folder, '.sops.yaml'), file)) !== undefined;
          if (folder === '.') break;
        }
        await creationRuleFor(join(repository, file));
        return true;
      } catch (error) {
        if (!(error instanceof SecretsError)) throw error;
        // Covered by a rule for keys of another kind, or by a pattern we cannot read: then it is not ours to let through.
        return error.code === 'NEEDS_SOPS' || !/^no (?:\.sops\.yaml|creation rule)/.test(error.what);
      }
    },
  };
}
