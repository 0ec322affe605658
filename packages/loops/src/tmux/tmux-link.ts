import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { RigConfig } from '../config/rig-config.ts';
import { tmuxSocket } from '../config/rig-places.ts';
import type { RigEventBody } from '../events/rig-event.ts';
import { recallTmuxServer } from './recall-server.ts';
import { connectRigTmux, type RigTmux } from './rig-tmux.ts';
import { endTmuxServer, listens, spawnTmuxServer } from './tmux-server.ts';

/** Whether the supervisor starts the tmux server itself, or waits for the unit that does. */
export type TmuxServerMode = 'own' | 'external';

/** How long a new server may take until it listens, in milliseconds. */
const patience = 3000;
/** Between two looks for a server whose socket was deleted, in milliseconds: each goes through all processes. */
const recallPause = 1000;

/** The connection to the rig's tmux server: made again whenever it is lost, the server started where that is ours to do. */
export class TmuxLink implements AsyncDisposable {
  readonly #socket: string;
  readonly #mode: TmuxServerMode;
  readonly #emit: (event: RigEventBody) => void;
  readonly #onChange: () => void;
  #tmux: RigTmux | undefined;
  #connecting: Promise<RigTmux | undefined> | undefined;
  #starting: Promise<boolean> | undefined;
  #closed = false;
  #recalledAt = -Infinity;

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

  /** The server, started if there is none, if it can be had now. */
  async connected(): Promise<RigTmux | undefined> {
    const tmux = await this.existing();
    if (tmux !== undefined || this.#closed) return tmux;
    this.#starting = this.#startServer();
    return (await this.#starting) ? this.existing() : undefined;
  }

  /**
   * The server if there is one, connected again where the connection was lost; none is started.
   *
   * @throws {LoopsError} `TMUX_LOST`: one listens, and cannot be connected to.
   */
  async existing(): Promise<RigTmux | undefined> {
    if (this.#tmux !== undefined || this.#closed) return this.#tmux;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /**
   * Ends the server and everything on it, where it is ours; connects no more.
   *
   * @throws {LoopsError} `TMUX_FAILED`: it does not end; it can still be found.
   */
  async endServer(): Promise<void> {
    this.#closed = true;
    if (this.#mode === 'external') return;
    await this.#starting;
    await this.#tmux?.endServer();
    // The connection may have been lost, and the server not.
    if (await listens(this.#socket)) await endTmuxServer(this.#socket);
    await rm(this.#socket, { force: true });
  }

  /** Leaves the server alone, and all that runs on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#tmux?.[Symbol.asyncDispose]();
  }

  async #connect(): Promise<RigTmux | undefined> {
    if (!(await listens(this.#socket)) && !(await this.#recall())) return undefined;
    const tmux = await this.#attach();
    if (tmux === undefined) return undefined;
    if (this.#closed) {
      await tmux[Symbol.asyncDispose]();
      return undefined;
    }
    this.#tmux = tmux;
    this.#emit({ type: 'server', state: 'connected' });
    void tmux.closed.then(() => this.#lost(tmux));
    return tmux;
  }

  /** A server that ended between the question whether it listens and the attaching is none. */
  async #attach(): Promise<RigTmux | undefined> {
    try {
      return await connectRigTmux(this.#socket, this.#onChange);
    } catch (error) {
      if (await listens(this.#socket)) throw error;
      return undefined;
    }
  }

  async #recall(): Promise<boolean> {
    const now = performance.now();
    if (now - this.#recalledAt < recallPause) return false;
    this.#recalledAt = now;
    return recallTmuxServer(this.#socket);
  }

  async #startServer(): Promise<boolean> {
    if (this.#mode === 'external') return false;
    await spawnTmuxServer(this.#socket);
    this.#emit({ type: 'server', state: 'spawned' });
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
    this.#emit({ type: 'server', state: 'lost' });
    await tmux[Symbol.asyncDispose]();
    this.#onChange();
  }
}
