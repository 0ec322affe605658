import type { CommandStream, Host } from '@cutover/host';

import { asRoot, type Privilege, script } from '../target/script.ts';
import { endInput } from '../target/end-input.ts';
import { readUntil } from '../target/read-until.ts';
import { asLines, type Closure } from './closure.ts';
import receiveScript from './receive.sh';

/**
 * One command on a target that says which paths of a closure it lacks, and then imports what it is sent: it is started while
 * the closure is still being built. Disposing of it ends it.
 */
export interface Receiver extends AsyncDisposable {
  /**
   * The paths of a closure that are not to be seen in the store, in the order of the closure. What was left there half done is
   * taken for a path; but since it has no valid referrers, and the closure's own path is not there, Nix refuses to import what
   * refers to it. Where the closure's own path can be seen, Nix is asked.
   */
  unseen(closure: Pick<Closure, 'of' | 'paths'>): Promise<readonly string[]>;
  /** From here on its input is imported. */
  begin(): CommandStream;
}

export function startReceiver(host: Host, privilege: Privilege, signal?: AbortSignal): Receiver {
  const stream = host.stream(asRoot(script('receive', receiveScript), privilege), { signal });
  return {
    unseen: async ({ of, paths }) => {
      stream.stdin.write(`${asLines([of, ...paths])}\n`);
      const said = await readUntil(stream.stdout, /^\n$|\n\n$/);
      if (said === undefined) {
        const { exitCode } = await stream.exit;
        throw new Error(`${host.name} did not say what it lacks: its command ended with ${exitCode}`);
      }
      const lacking = new Set(said.split('\n'));
      return paths.filter((path) => lacking.has(path));
    },
    begin: () => {
      stream.stdin.write('\n');
      return stream;
    },
    [Symbol.asyncDispose]: async () => await endInput(stream),
  };
}
