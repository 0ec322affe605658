import type { Host } from '@cutover/host';
import { LoopsError } from '../errors.ts';
import holdStill from './hold-still.sh';

/** A command on a host that holds processes where they stand, for as long as it has a caller. */
export interface Hold {
  /** Stops processes. */
  add(pids: readonly number[]): Promise<void>;
  /** @throws what was added may have gone on meanwhile. */
  confirm(): Promise<void>;
  /** Lets all of them go on. */
  end(): Promise<void>;
}

/** @param longest seconds after which they go on in any case. */
export function startHold(host: Host, longest: number): Hold {
  const command = host.stream(['sh', '-c', holdStill, 'hold-still', String(longest)], {
    cwd: '/',
    timeout: longest * 1000,
  });
  // How it ended is asked for where an answer is missing.
  command.exit.catch(() => undefined);
  command.stdin.on('error', () => undefined);
  // Each question is answered before the next one is asked, so each piece is one answer.
  const answers = command.stdout[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<void> => {
    command.stdin.write(`${line}\n`);
    if ((await answers.next()).done !== true) return;
    await command.exit;
    throw new LoopsError(
      'HOLD_LOST',
      `what held the rig still on ${host.name} has ended: its processes go on, and what was seen of its clones no longer counts`,
    );
  };
  return {
    add: async (pids) => await ask(pids.join(' ')),
    confirm: async () => await ask(''),
    end: async () => {
      command.stdin.end();
      await command.exit;
    },
  };
}
