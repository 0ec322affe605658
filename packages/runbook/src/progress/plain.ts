import type { Writable } from 'node:stream';
import { formatDuration } from '@cutover/foundation/duration';
import type { EngineEvent } from '../engine/events.ts';
import { shortPlan, summary } from './format.ts';
import { printable } from './printable.ts';
import { monotonic } from '../journal/monotonic.ts';
import type { Renderer } from './renderer.ts';
import { type RunView, show } from './view.ts';

/** Without a terminal a running step says at least this often that it still runs. */
const heartbeat = 20_000;

/** One line for each thing that happens, for logs and pipes. */
export function plainRenderer(output: Writable, view: RunView): Renderer {
  const say = (text: string): void => {
    output.write(`${new Date().toISOString().slice(11, 19)} ${printable(text)}\n`);
  };
  const timer = setInterval(() => {
    const now = monotonic();
    for (const { state, plan, startedAt, news } of view.steps.values()) {
      if (state !== 'running' && state !== 'gate') continue;
      const time = startedAt === undefined ? '' : ` after ${formatDuration(now - startedAt)}`;
      say(
        `… ${plan.id} ${state === 'gate' ? 'waits for a person' : 'still runs'}${time}${news === undefined ? '' : `: ${news.text}`}`,
      );
    }
  }, heartbeat);
  timer.unref();

  return {
    event(event) {
      show(view, event, monotonic());
      const line = plainLine(event, view);
      if (line !== undefined) say(line);
    },
    pause: () => () => undefined,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** What a line says of an event; `undefined`: nothing worth one. */
export function plainLine(event: EngineEvent, view: RunView): string | undefined {
  switch (event.type) {
    case 'plan':
      return `plan ${shortPlan(event.planHash)} · ${event.runbook} · ${event.steps.length} steps`;
    case 'run.started':
      return `${event.mode} · pid ${event.runner.pid} on ${event.runner.host}`;
    case 'intent':
      return `▶ ${event.step}: ${view.steps.get(event.step)?.plan.title ?? ''}`;
    case 'progress':
      return `  ${event.step}: ${event.text}`;
    case 'op':
      return `  ${event.step}: operation ${event.operation}`;
    case 'verified': {
      const took = view.steps.get(event.step)?.took ?? 0;
      const time = took >= 1000 ? ` in ${formatDuration(took)}` : '';
      const facts = summary(event.evidence, 100);
      return `✓ ${event.step} ${event.how}${time}${facts === '' ? '' : `: ${facts}`}`;
    }
    case 'failed':
      return `✗ ${event.step} failed in ${event.during}: ${event.error.message}`;
    case 'stopped':
    case 'drift':
      return `✗ ${event.step} ${event.state}: ${event.reason ?? ''}`;
    case 'gate.open':
    case 'gate.waiting':
      return `◆ ${event.step}: ${event.text} (until ${event.expires})`;
    case 'gate.approved':
    case 'gate.denied':
      return `◆ ${event.step} ${event.type.slice(5)} by ${event.by}`;
    case 'gate.expired':
      return `◆ ${event.step}: not answered in time`;
    case 'gate.refused':
      return `◆ ${event.step}: an answer was refused: ${event.reason}`;
    case 'gate.withdrawn':
      return `◆ ${event.step}: the approval was taken back by ${event.by}`;
    case 'notice':
      return `! ${event.text}`;
    case 'cancelled':
      return `◆ cancelled by ${event.by}${event.note === undefined ? '' : `: ${event.note}`}`;
    case 'attested':
      return `◆ ${event.by} attests for ${event.subject}: ${event.how}`;
    case 'rollback.abandoned':
      return '◆ the rollback is given up; going forward';
    case 'commit':
      return `◆ ${event.point} passed`;
    case 'owner':
      return `  ${view.words.owner}: ${event.owner} (epoch ${event.ownerEpoch})`;
    case 'downtime':
      return `  ${view.words.downtime} ${event.edge}`;
    case 'undo.intent':
      return `↶ ${event.step}`;
    case 'undone':
      return `✓ ${event.step} undone`;
    case 'reset':
      return event.abandoned === true
        ? '◆ the rollback is given up; it came back past C1, so all is looked at again'
        : '✓ rolled back';
    case 'run.ended':
      return `${event.result === 'ok' ? '✓' : '✗'} ${event.result}`;
    default:
      return undefined;
  }
}
