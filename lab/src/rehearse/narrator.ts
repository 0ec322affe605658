import type { EngineEvent } from '@cutover/cutover-scripts';

/** What took how long, in seconds, by name, in order. */
export type Timings = ReadonlyMap<string, number>;

/** Tells what goes on, a line at a time, and keeps the times. */
export interface Narrator {
  /** A line of its own. */
  say(text: string): void;
  /** Tells of a runner's event. */
  event(event: EngineEvent): void;
  /** Runs `work`, and says how long it took. */
  timed<T>(what: string, work: () => Promise<T>): Promise<T>;
  readonly timings: Timings;
  /** Seconds since the start. */
  elapsed(): number;
}

const gates: Record<string, string> = {
  approval: 'the operator is asked',
  human: 'the operator has to do this',
};

/** @param write where the lines go. */
export function createNarrator(write: (line: string) => void): Narrator {
  const began = performance.now();
  const timings = new Map<string, number>();
  const steps = new Map<string, { title: string; phase: string; began: number }>();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const say = (text: string): void => write(`${elapsed().toFixed(1).padStart(6)} s  ${text}\n`);
  const add = (what: string, seconds: number): void =>
    void timings.set(what, (timings.get(what) ?? 0) + seconds);
  let progress = '';

  return {
    say,
    timings,
    elapsed,
    async timed(what, work) {
      const from = performance.now();
      say(what);
      const result = await work();
      add(what, (performance.now() - from) / 1000);
      return result;
    },
    event(event) {
      if (event.event === 'plan') {
        for (const { id, title, phase } of event.steps)
          steps.set(id, { title, phase, began: performance.now() });
        return;
      }
      if (!('step' in event) || event.step === undefined) return;
      const step = steps.get(event.step);
      if (step === undefined) return;
      switch (event.event) {
        case 'looking':
          step.began = performance.now();
          break;
        case 'progress': {
          const text = `    ${step.title}: ${event.text}`;
          if (text !== progress) say(text);
          progress = text;
          break;
        }
        case 'verified': {
          const seconds = (performance.now() - step.began) / 1000;
          add(`phase ${step.phase}`, seconds);
          say(
            `  ✓ ${step.title} (${seconds.toFixed(1)} s${event.how === 'applied' ? '' : `, ${event.how}`})`,
          );
          break;
        }
        case 'gate.open':
          say(`  ◆ ${step.title}: ${gates[event.kind] ?? event.kind}`);
          break;
        case 'failed':
          say(`  ✗ ${step.title}: ${event.error.message}`);
          break;
        case 'stopped':
          say(`  ✗ ${step.title}: ${event.state}: ${event.reason}`);
          break;
        default:
      }
    },
  };
}
