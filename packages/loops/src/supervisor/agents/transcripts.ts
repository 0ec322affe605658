import type { AgentProgress } from '../../agents/agent-adapter.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import type { RigStore } from '../../state/rig-store.ts';
import { environmentIfReadable } from '../starting/loop-command.ts';
import type { AgentLife, AgentLives } from './agent-life.ts';
import { countUsage, dayOf } from './usage.ts';

/** Reads the transcripts of the agents' current sessions, each from where it stopped. */
export class Transcripts {
  readonly #config: RigConfig;
  readonly #store: RigStore;
  readonly #lives: AgentLives;

  constructor(config: RigConfig, store: RigStore, lives: AgentLives) {
    this.#config = config;
    this.#store = store;
    this.#lives = lives;
  }

  /** What a loop's agent has done so far; `undefined` where no transcript tells. */
  async read(loop: LoopConfig): Promise<AgentProgress | undefined> {
    const adapter = adapterOf(loop);
    const life = this.#lives.of(loop.name, adapter);
    const path = await this.#path(loop);
    if (path === undefined || adapter.readTranscript === undefined) {
      // The session before had one: what it says is not of this one.
      await this.#leave(loop, life);
      delete life.transcript;
      delete life.progress;
      return undefined;
    }
    if (life.transcript?.path !== path) {
      await this.#leave(loop, life);
      life.transcript = { path, reader: adapter.readTranscript(path) };
    }
    life.progress = await life.transcript.reader.read();
    return life.progress;
  }

  /** What came since the last look is counted too before another transcript takes its place. */
  async #leave({ name }: LoopConfig, { transcript }: AgentLife): Promise<void> {
    if (transcript === undefined) return;
    const { usage } = await transcript.reader.read();
    const { day } = dayOf(Date.now());
    const counted = countUsage(this.#store.loop(name).usage, transcript.path, usage, day);
    this.#store.change(name, { usage: counted });
  }

  /** The transcript that the agent has named, or the one of its session where it names none. */
  async #path(loop: LoopConfig): Promise<string | undefined> {
    const { transcript, session } = this.#store.loop(loop.name);
    if (transcript !== undefined || session === undefined) return transcript;
    const adapter = adapterOf(loop);
    if (adapter.findTranscript === undefined) return undefined;
    const environment = await environmentIfReadable(this.#config, loop);
    if (environment === undefined) return undefined;
    return adapter.findTranscript({ loop, environment, session });
  }
}
