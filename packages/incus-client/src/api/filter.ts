/** A filter in the daemon's OData subset. Made by {@link filter} only, so a value in it cannot change its meaning. */
export interface Filter {
  readonly text: string;
}

/**
 * Builds a filter; every interpolated value stands for itself. Text is compared without regard to case, as the daemon does.
 *
 * @example
 * filter`name eq ${name} and status eq ${'Running'}`
 */
export function filter(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | boolean)[]
): Filter {
  return { text: String.raw({ raw: strings }, ...values.map(literal)) };
}

/**
 * The daemon (internal/filter) splits a filter at white space, its quotes only hold values of several words, commas
 * separate alternatives, and what is left is a regular expression that it anchors. So all that is not plain is written
 * as a character by number in Go's syntax, which none of these steps touches.
 */
function literal(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  if (value === '') return '()';
  return value.replaceAll(
    /[^\w/:@-]/gu,
    (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
