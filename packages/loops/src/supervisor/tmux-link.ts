import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import type { RigEventBody } from '../events.ts';
import { connectRigTmux, type RigTmux } from '../tmux/rig-tmux.ts';
import { listens, spawnTmuxServer } from '../tmux/tmux-server.ts';

/** Whether the supervisor starts the tmux server itself, or waits for the unit that does. */
export type TmuxServerMode = 'own' | 'external';

/** How long a new server may take until it listens, in milliseconds. */
const patience = 3000;

/** The connection to the rig's tmux server: made anew whenever it is lost, the server started where that is ours to do. */
export class TmuxLink implements AsyncDisposable {
  readonly #socket: string;
  readonly #mode: TmuxServerMode;
  readonly #emit: (event: RigEventBody) => void;
  readonly #onChange: () => void;
  #tmux: RigTmux | undefined;
  #closed = false;

  constructor(
    config: RigConfig,
    mode: TmuxServerMode,
    emit: (event: RigEventBody) => void,
    onChange: () => void,
  ) {
    this.#socket = tmuxSocket(config);
    this.#mode = mode;
    this.#emit = emit;
    this.#onChange = onChange;
  }

  /** The server, while it is connected. */
  get current(): RigTmux | undefined {
    return this.#tmux;
  }

  /** The server, connected if that can be had now. */
  async connected(): Promise<RigTmux | undefined> {
    if (this.#tmux !== undefined || this.#closed) return this.#tmux;
    if (!(await listens(this.#socket)) && !(await this.#startServer())) return undefined;
    const tmux = await connectRigTmux(this.#socket, this.#onChange);
    this.#tmux = tmux;
    this.#emit({ event: 'server', state: 'connected' });
    void tmux.closed.then(() => this.#lost(tmux));
    return tmux;
  }

  /** Ends the server and everything on it, where it is ours; connects no more. */
  async endServer(): Promise<void> {
    this.#closed = true;
    if (this.#mode === 'external') return;
    await this.#tmux?.endServer();
    await rm(this.#socket, { force: true });
  }

  /** Leaves the server alone, and all that runs on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#tmux?.[Symbol.asyncDispose]();
  }

  async #startServer(): Promise<boolean> {
    if (this.#mode === 'external') return false;
    await spawnTmuxServer(this.#socket);
    this.#emit({ event: 'server', state: 'spawned' });
    const end = performance.now() + patience;
    while (!(await listens(this.#socket))) {
      if (performance.now() > end) return false;
      await delay(10);
    }
    return true;
  }

  async #lost(tmux: RigTmux): Promise<void> {
    if (this.#tmux !== tmux || this.#closed) return;
    this.#tmux = undefined;
    this.#emit({ event: 'server', state: 'lost' });
    await tmux[Symbol.asyncDispose]();
    this.#onChange();
  }
}
