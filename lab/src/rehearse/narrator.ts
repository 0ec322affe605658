import { covered, type EngineEvent, type Span } from '@cutover/runbook';

/** Tells what goes on, a line at a time, and keeps the times. */
export interface Narrator {
  /** A line of its own. */
  say(text: string): void;
  /** Tells of a runner's event; the phases of a cutover are timed by them. */
  event(event: EngineEvent): void;
  /** Runs `work`, and says how long it took. */
  timed<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** What took how long, in seconds, by name, in order; steps that ran side by side count once. */
  timings(): [what: string, seconds: number][];
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
  const spans = new Map<string, Span[]>();
  const steps = new Map<string, { title: string; phase: string; began: number }>();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const say = (text: string): void => write(`${elapsed().toFixed(1).padStart(6)} s  ${text}\n`);
  const add = (what: string, from: number): void =>
    void spans.set(what, [...(spans.get(what) ?? []), { from, to: performance.now() }]);
  let progress = '';

  return {
    say,
    timings: () => [...spans].map(([what, of]) => [what, covered(of) / 1000]),
    elapsed,
    async timed(what, work) {
      const from = performance.now();
      say(what);
      const result = await work();
      add(what, from);
      return result;
    },
    event(event) {
      if (event.type === 'plan') {
        for (const { id, title, phase } of event.steps)
          steps.set(id, { title, phase, began: performance.now() });
        return;
      }
      if (!('step' in event) || event.step === undefined) return;
      const step = steps.get(event.step);
      if (step === undefined) return;
      switch (event.type) {
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
          if (event.list === 'main') add(`phase ${step.phase}`, step.began);
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
