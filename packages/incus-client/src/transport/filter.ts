/** A filter in the daemon's OData subset. Made by {@link filter} only, so a value in it cannot change its meaning. */
export interface Filter {
  readonly text: string;
}

/**
 * Builds a filter; every interpolated value is quoted.
 *
 * @example
 * filter`name eq ${name} and status eq ${'Running'}`
 */
export function filter(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | boolean)[]
): Filter {
  return { text: String.raw({ raw: strings }, ...values.map(quote)) };
}

/** The daemon's parser (its shared/filter) knows double quotes and a backslash before them, and no other escape. */
function quote(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
