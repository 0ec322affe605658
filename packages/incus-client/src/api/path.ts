/** Builds a request path; every interpolated name is percent-encoded, so `a/b` is one segment. */
export function path(strings: TemplateStringsArray, ...names: readonly (string | number)[]): string {
  return String.raw({ raw: strings }, ...names.map((name) => encodeURIComponent(name)));
}

/** Query parameters; `undefined` is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `path` with `query` appended. */
export function withQuery(base: string, query: Query): string {
  let result = base;
  let separator = base.includes('?') ? '&' : '?';
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    result += `${separator}${name}=${encodeURIComponent(value)}`;
    separator = '&';
  }
  return result;
}

/** A path as it may be shown: the secret that opens a channel or an image is not in it. */
export function withoutSecret(url: string): string {
  return url.replaceAll(/([?&]secret=)[^&]*/g, '$1***');
}
