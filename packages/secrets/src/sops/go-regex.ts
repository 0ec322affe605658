import { SecretsError } from '../errors.ts';

/**
 * Compiles a pattern as Go's `regexp` does, to a predicate that takes time linear in its text. JavaScript's own engine reads
 * other patterns, reads some differently, and can take time without end.
 *
 * @throws {SecretsError} `RULE_INVALID`: Go would refuse it too, but for a few names that it has known since 1.25
 * (`\p{Letter}`, `\p{greek}`) and groups of one name.
 */
export async function compileGoRegex(pattern: string): Promise<(text: string) => boolean> {
  // Most rules have no pattern, so only those that do wait for the engine to load.
  const { RE2JS, RE2JSException } = await import('re2js');
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.test(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const what = `the regular expression ${JSON.stringify(pattern)} cannot be compiled: ${error.message}`;
    throw new SecretsError('RULE_INVALID', what, {}, { cause: error });
  }
}
