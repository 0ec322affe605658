import { once } from 'node:events';
import { SecretsError } from '../../errors.ts';

export const isConflict = (error: unknown): boolean =>
  error instanceof SecretsError && error.code === 'FILE_CONFLICT';

/** An edit that cannot be taken is not lost: at a terminal the editor can be opened again. */
export async function backToEditor(error: unknown): Promise<boolean> {
  if (!(error instanceof SecretsError) || !process.stdin.isTTY) return false;
  const warning = isConflict(error) ? ' What is saved then replaces the change of the other process.' : '';
  process.stderr.write(
    `${error.message}\nEnter goes back to the editor, Ctrl-C or Ctrl-D gives the edit up.${warning} `,
  );
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, terminal: false });
  const answered = await Promise.race([
    once(lines, 'line').then(() => true),
    once(lines, 'close').then(() => false),
  ]);
  lines.close();
  return answered;
}
