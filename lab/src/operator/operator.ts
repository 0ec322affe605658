import { setTimeout as delay } from 'node:timers/promises';
import type { SshHostOptions } from '@cutover/host';
import { openTerminal } from './terminal.ts';

/** Someone to do the human steps of a cutover, at a real terminal. Nothing here tells the runbook that it was done. */
export interface ScriptedOperator {
  /** Logs the agent in: runs `agent login`, reads the code off the screen and types it. */
  logAgentIn(options: LoginOptions): Promise<void>;
  /** Attaches to the orchestrator's session, says something, sees that it was heard, and detaches. */
  visitSession(options: VisitOptions): Promise<void>;
}

export interface LoginOptions {
  readonly user: string;
  /** The agent's command there. Default: the one in the loop code's clone. */
  readonly command?: string;
}

export interface VisitOptions {
  /** The command that attaches, e.g. `['loops', 'attach', 'orchestrator']`; read by the login shell. */
  readonly attach: readonly string[];
  /** What to say. */
  readonly line: string;
  /** Waits until the line was heard. Default: until the screen says so; one that is painted over cannot be read so. */
  readonly heard?: ((line: string) => Promise<unknown>) | undefined;
  /** Stays attached until this settles. */
  readonly until?: Promise<unknown>;
}

/** An operator who reaches a host as root over ssh, as the person does. */
export function scriptedOperator(to: SshHostOptions): ScriptedOperator {
  return {
    async logAgentIn({ user, command = '/srv/cc-ci/cc-ci-plan/bin/agent' }) {
      await using terminal = await openTerminal(to, ['runuser', '-l', user, '-c', `'${command} login'`]);
      const [, code] = await terminal.seen(/enter the code ([0-9A-F-]+)/);
      terminal.type(`${code}\r`);
      await terminal.seen(/Logged in\./);
      await terminal.ended;
    },
    async visitSession({ attach, line, until, heard }) {
      await using terminal = await openTerminal(to, attach);
      // A real agent shows its prompt, which says that too; its answer has a mark before it.
      await terminal.seen(heard === undefined ? /Orchestrator ready/ : /● *Orchestrator ready/, 120_000);
      await delay(heard === undefined ? 0 : 2000);
      terminal.type(line);
      // A person's Enter comes later than a paste's.
      await delay(500);
      terminal.type('\r');
      await (heard?.(line) ?? terminal.seen(new RegExp(`Heard: ${line}`)));
      await until;
      // tmux's own way to leave a session running. A person whose keys were lost presses them again.
      const again = setInterval(() => terminal.type('\u0002d'), 3000);
      try {
        terminal.type('\u0002d');
        const left = await Promise.race([terminal.ended.then(() => true), delay(30_000, false)]);
        if (!left) throw new Error('the session was not left within 30 s');
      } finally {
        clearInterval(again);
      }
    },
  };
}
