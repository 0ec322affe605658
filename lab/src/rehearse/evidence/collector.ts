import { EvidenceError, type Facts } from './evidence.ts';

/** One look and what it found. */
export interface Evidence {
  readonly evidence: string;
  readonly ok: boolean;
  readonly facts: Facts;
}

/** Collects evidence; a look that fails is kept, and the others go on. */
export class EvidenceCollector {
  readonly found: Evidence[] = [];
  readonly #onEvidence: (evidence: Evidence) => void;

  constructor(onEvidence: (evidence: Evidence) => void) {
    this.#onEvidence = onEvidence;
  }

  /** Runs one look. A second look of the same name, after a reboot for instance, bears a name of its own. */
  async look(evidence: string, look: () => Promise<Facts>): Promise<void> {
    try {
      this.#add({ evidence, ok: true, facts: await look() });
    } catch (error) {
      const facts = error instanceof EvidenceError ? error.facts : {};
      const message = error instanceof Error ? error.message : 'something that is no error was thrown';
      this.#add({ evidence, ok: false, facts: { ...facts, message } });
    }
  }

  get passed(): boolean {
    return this.found.length > 0 && this.found.every(({ ok }) => ok);
  }

  #add(evidence: Evidence): void {
    this.found.push(evidence);
    this.#onEvidence(evidence);
  }
}
