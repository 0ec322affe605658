import { stripVTControlCharacters } from 'node:util';

export interface TextTableOptions {
  /** Columns, counted from 0, that are aligned at their right, e.g. numbers. Default: none. */
  readonly right?: readonly number[] | undefined;
  /** Between two columns. Default: two spaces. */
  readonly separator?: string | undefined;
}

/** Rows as lines of text, each column as wide as its widest cell. Control characters in cells are taken away. */
export function textTable(
  rows: readonly (readonly string[])[],
  { right = [], separator = '  ' }: TextTableOptions = {},
): string[] {
  const clean = rows.map((row) => row.map(plain));
  const widths: number[] = [];
  for (const row of clean) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return clean.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(separator)
      .trimEnd(),
  );
}

function plain(cell: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must not reach a terminal
  return stripVTControlCharacters(cell).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
