import { textTable } from '@cutover/foundation/text-table';
import type { Check } from '../../move/expected-content.ts';
import type { SecretVerdict } from '../../move/verify-secrets.ts';

const columns = ['decryptable', 'inPlace', 'mode', 'owner', 'equal'] as const;
const titles = ['secret', 'host', 'decryptable', 'in place', 'mode', 'owner', 'equal'];
const marks: Record<Check, string> = { yes: '✓', no: '✗', unknown: '?' };

/** The matrix as a table, and below it how to fix what is not as it should be. */
export function matrixLines(rows: readonly SecretVerdict[]): string[] {
  const cells = rows.map((row) => [row.secret, row.host, ...columns.map((column) => marks[row[column]])]);
  const fixes = [...new Set(rows.flatMap(({ fix }) => fix))];
  return [...textTable([titles, ...cells]), ...fixes.map((text) => `→ ${text}`)];
}
