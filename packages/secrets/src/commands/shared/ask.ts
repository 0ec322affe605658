import type { Interface } from 'node:readline/promises';
import { isErrno } from '@cutover/foundation/errno';
import { InterruptedError } from '@cutover/foundation/interrupts';
import { UsageError } from '@cutover/foundation/usage-error';

/**
 * Asks at the terminal, and ends the question in any case.
 *
 * @throws {InterruptedError} for Ctrl-C, which the terminal gives as a key while a question is open.
 * @throws {UsageError} for Ctrl-D.
 */
export async function ask(prompt: Interface, question: string): Promise<string> {
  try {
    return await prompt.question(question);
  } catch (error) {
    if (!isErrno(error, 'ABORT_ERR')) throw error;
    if (/Ctrl\+C/.test(error.message)) throw new InterruptedError('SIGINT');
    throw new UsageError('no answer was given, so nothing was changed');
  } finally {
    prompt.close();
  }
}
