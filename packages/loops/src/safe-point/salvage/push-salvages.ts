import { CommandError, CommandTimeoutError, type Host } from '@cutover/host';
import { cloneContext } from '../../git/clone-context.ts';
import { gitLine } from '../../git/git.ts';
import { pushSalvage } from './salvage-clone.ts';

/**
 * Pushes what was kept in a clone before, and only there. Whether it worked is not said: a look at the clone names each
 * salvage that is on no remote.
 *
 * @param timeout milliseconds for each git command.
 */
export async function pushSalvages(
  host: Host,
  path: string,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const context = cloneContext(host, path, Math.max(1, Math.round(timeout)), signal);
  try {
    const first = await gitLine(context, [
      'for-each-ref',
      '--count=1',
      '--format=%(refname)',
      'refs/salvage/',
    ]);
    if (first !== '') await pushSalvage(context, 'refs/salvage/*');
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof CommandTimeoutError)) throw error;
  }
}
