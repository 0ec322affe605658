import { stat } from 'node:fs/promises';
import { unlessRefused } from '@cutover/foundation/errno';
import type { AgentProgress } from '../../agents/agent-adapter.ts';
import { adapterOf } from '../../agents/find-adapter.ts';
import type { LoopConfig, RigConfig } from '../../config/rig-config.ts';
import { Turns } from '../../concurrency/turns.ts';
import type { RigStore } from '../../state/rig-store.ts';
import { environmentIfReadable } from '../starting/loop-command.ts';
import type { AgentLife, AgentLives } from './agent-life.ts';
import { countUsage, dayOf } from './usage.ts';

/** Reads the transcripts of the agents' current sessions, each from where it stopped. */
export class Transcripts {
  readonly #config: RigConfig;
  readonly #store: RigStore;
  readonly #lives: AgentLives;
  readonly #turns = new Turns();

  constructor(config: RigConfig, store: RigStore, lives: AgentLives) {
    this.#config = config;
    this.#store = store;
    this.#lives = lives;
  }

  /** What a loop's agent has done so far; `undefined` where no transcript tells, or it cannot be read. */
  async read(loop: LoopConfig): Promise<AgentProgress | undefined> {
    return this.#turns.take(loop.name, () => this.#read(loop));
  }

  async #read(loop: LoopConfig): Promise<AgentProgress | undefined> {
    const adapter = adapterOf(loop);
    const life = this.#lives.of(loop.name, adapter);
    // An agent may put there what it likes, and its user may be another one.
    const path = await unlessRefused(this.#path(loop));
    if (life.transcript !== undefined && life.transcript.path !== path) {
      await this.#leave(loop, life.transcript);
      delete life.transcript;
      // What the session before has done is not of this one.
      delete life.progress;
    }
    if (path === undefined || adapter.readTranscript === undefined) return undefined;
    const reader = life.transcript?.reader ?? adapter.readTranscript(path);
    const progress = await unlessRefused(reader.read());
    // Together: a look in between would count the one as the use of the other.
    life.transcript = { path, reader };
    life.progress = progress;
    return progress;
  }

  /** What came since the last look is counted too before another transcript takes its place. */
  async #leave({ name }: LoopConfig, transcript: NonNullable<AgentLife['transcript']>): Promise<void> {
    const progress = await unlessRefused(transcript.reader.read());
    if (progress === undefined) return;
    const { day } = dayOf(Date.now());
    const counted = countUsage(this.#store.loop(name).usage, transcript.path, progress.usage, day);
    this.#store.change(name, { usage: counted });
  }

  /** The transcript that the agent has named, or the one of its session where it names none, or one that is not there. */
  async #path(loop: LoopConfig): Promise<string | undefined> {
    const { transcript, session } = this.#store.loop(loop.name);
    if (session === undefined) return transcript;
    if (transcript !== undefined && (await unlessRefused(stat(transcript))) !== undefined) return transcript;
    const adapter = adapterOf(loop);
    if (adapter.findTranscript === undefined) return transcript;
    const environment = await environmentIfReadable(this.#config, loop);
    if (environment === undefined) return transcript;
    return (await adapter.findTranscript({ loop, environment, session })) ?? transcript;
  }
}
