import type { Check } from '../move/expected-content.ts';
import type { SecretVerdict } from '../move/verify-secrets.ts';

const columns = ['decryptable', 'inPlace', 'mode', 'owner', 'equal'] as const;
const titles = ['secret', 'host', 'decryptable', 'in place', 'mode', 'owner', 'equal'];
const marks: Record<Check, string> = { yes: '✓', no: '✗', unknown: '?' };

/** The matrix as a table, and below it how to mend what is not as it should be. */
export function matrixLines(rows: readonly SecretVerdict[]): string[] {
  const cells = rows.map((row) => [row.secret, row.host, ...columns.map((column) => marks[row[column]])]);
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  const mend = [...new Set(rows.flatMap((row) => row.mend))];
  return [line(titles), ...cells.map(line), ...mend.map((text) => `→ ${text}`)];
}
