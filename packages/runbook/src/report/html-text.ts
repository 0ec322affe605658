/** HTML that is safe to put into a page: everything in it that was text has been escaped. */
export interface Html {
  readonly html: string;
}

/** A template whose strings are HTML and whose values are text, escaped, or `Html`, kept. */
export function html(strings: TemplateStringsArray, ...values: readonly (string | number | Html)[]): Html {
  const parts = strings.map((string, index) => {
    const value = values[index];
    return (
      string + (value === undefined ? '' : typeof value === 'object' ? value.html : escapeHtml(String(value)))
    );
  });
  return { html: parts.join('') };
}

/** One piece of HTML for each item. */
export function join<T>(items: readonly T[], piece: (item: T) => Html): Html {
  return { html: items.map((item) => piece(item).html).join('\n') };
}

/** Text for use between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
