import type { AgentAdapter, AgentProgress, TranscriptReader } from '../../agents/agent-adapter.ts';
import { Acknowledgements } from './acknowledgements.ts';

/** What the supervisor knows about a loop's agent beyond its process. */
export interface AgentLife {
  readonly adapter: AgentAdapter;
  readonly acknowledgements: Acknowledgements;
  /** The dialog that waits on its screen. */
  dialog?: string | undefined;
  /** What became of its last prompt, when that is not well. */
  promptProblem?: string | undefined;
  /** The run of which it was told that its hooks are not heard. */
  silentRun?: string | undefined;
  transcript?: { readonly path: string; readonly reader: TranscriptReader } | undefined;
  progress?: AgentProgress | undefined;
}

/** The same of every loop of a rig. */
export class AgentLives {
  readonly #lives = new Map<string, AgentLife>();

  of(name: string, adapter: AgentAdapter): AgentLife {
    let life = this.#lives.get(name);
    // A reload may have made it another kind of agent.
    if (life?.adapter !== adapter) {
      const acknowledgements = new Acknowledgements((given, taken) => adapter.isSamePrompt(given, taken));
      this.#lives.set(name, (life = { adapter, acknowledgements }));
    }
    return life;
  }
}
