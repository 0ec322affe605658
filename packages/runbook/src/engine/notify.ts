import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { isErrno } from '@cutover/foundation/errno';
import { type LongTimer, startTimer } from '@cutover/foundation/long-timer';
import type { JournalState } from '../journal/state.ts';
import type { EngineEvent } from './events.ts';
import type { Notification, NotifyHook } from './notify-hook.ts';

/** Tells hooks of what happens. */
export interface Notifier extends AsyncDisposable {
  event(event: EngineEvent): void;
  /** The run broke off without an event of its end, e.g. because the journal cannot be written. */
  brokenOff(reason: string): void;
}

/** @param complain is told what a hook did wrong. */
export function createNotifier(
  hooks: readonly NotifyHook[],
  state: JournalState,
  complain: (text: string) => void,
): Notifier {
  const running = new Set<Promise<void>>();
  const reminders = new Map<string, LongTimer[]>();

  const tell = (hook: NotifyHook, notification: Notification): void => {
    const told = run(hook, notification)
      .catch((error: unknown) =>
        complain(
          // Its arguments may be a secret, e.g. the address of a topic that who knows it may read.
          `the hook ${hook.command[0] ?? ''} was not told of ${notification.event}: ${error instanceof Error ? error.message : String(error)}`,
        ),
      )
      .finally(() => running.delete(told));
    running.add(told);
  };
  const tellAll = (notification: Notification): void => {
    for (const hook of hooks) if (hook.on.includes(notification.event)) tell(hook, notification);
  };
  const forget = (step: string): void => {
    for (const timer of reminders.get(step) ?? []) timer?.[Symbol.dispose]();
    reminders.delete(step);
  };
  const remind = (step: string, notification: Notification): void => {
    // A gate is told of again when an answer was refused: the reminders begin afresh, and are not doubled.
    forget(step);
    const timers: LongTimer[] = [];
    reminders.set(step, timers);
    for (const [index, hook] of hooks.entries()) {
      if (!hook.on.includes('gate.waiting')) continue;
      const again = (): void => {
        timers[index]?.[Symbol.dispose]();
        const timer = startTimer(hook.every ?? 3_600_000, () => {
          tell(hook, { ...notification, event: 'gate.waiting' });
          again();
        });
        timer.unref();
        timers[index] = timer;
      };
      again();
    }
  };

  const about = () => ({
    runbook: state.runbook,
    runId: state.runId ?? '',
    owner: state.owner?.owner,
  });

  return {
    brokenOff(reason) {
      tellAll({ event: 'failed', ...about(), text: reason, result: 'unsafe' });
    },
    event(event) {
      switch (event.type) {
        case 'gate.open':
        case 'gate.waiting': {
          const { step, text, evidence, evidenceHash, expires } = event;
          const shown = { ...about(), step, text, evidence, evidenceHash, expires };
          tellAll({ event: event.type === 'gate.open' ? 'gate.opened' : 'gate.waiting', ...shown });
          remind(step, { event: 'gate.waiting', ...shown });
          return;
        }
        case 'gate.approved':
        case 'gate.denied':
        case 'gate.expired':
        case 'verified':
          forget(event.step);
          return;
        case 'run.ended': {
          const { step, reason: text, result } = event;
          tellAll({ event: result === 'ok' ? 'done' : 'failed', ...about(), step, text, result });
          return;
        }
        default:
      }
    },
    async [Symbol.asyncDispose]() {
      for (const step of reminders.keys()) forget(step);
      await Promise.all(running);
    },
  };
}

async function run({ command, timeout = 30_000 }: NotifyHook, notification: Notification): Promise<void> {
  const [program = '', ...argv] = command;
  // A process group of its own: it is told of a run that a Ctrl-C ended, too.
  const child = spawn(program, argv, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify(notification)}\n`);
  let late = false;
  using timer = startTimer(timeout, () => {
    late = child.exitCode === null && child.signalCode === null;
    killGroup(child.pid);
    child.stderr.destroy();
  });
  void timer;
  // What it leaves running in a session of its own may hold its output open for ever: its own end is what counts.
  const [code, signal] = await once(child, 'exit');
  if (late) throw new Error(`it did not end within ${timeout / 1000} s`);
  if (code !== 0 && !child.stderr.destroyed) await once(child.stderr, 'close');
  if (child.stderr instanceof Socket) child.stderr.unref();
  if (code !== 0)
    throw new Error(`it ended with ${code ?? signal}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has just ended.
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}
