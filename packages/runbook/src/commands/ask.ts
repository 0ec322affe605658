import { userInfo } from 'node:os';
import { confirm, isCancel, note } from '@clack/prompts';
import type { Decide } from '../gates/answer.ts';
import { factText } from '../progress/format.ts';

/** A yes-or-no question at the terminal; Ctrl-C and Escape are a no. */
export async function askYes(message: string): Promise<boolean> {
  const answer = await confirm({ message, initialValue: false });
  return answer === true;
}

/** Asks at the terminal when a gate opens. Escape leaves the gate open for an answer from elsewhere. */
export function decideAtTerminal(pause: () => () => void): Decide {
  return async (gate, signal) => {
    const go = pause();
    try {
      const facts = Object.entries(gate.evidence).map(([fact, value]) => `${fact}: ${factText(value)}`);
      note([gate.text, ...(facts.length === 0 ? [] : ['', ...facts])].join('\n'), `gate of ${gate.step}`);
      const answer = await confirm({
        message: `Approve ${gate.step}?`,
        active: 'approve',
        inactive: 'deny',
        initialValue: false,
        signal,
      });
      if (isCancel(answer)) return undefined;
      return { decision: answer ? 'approved' : 'denied', by: userInfo().username };
    } finally {
      go();
    }
  };
}
