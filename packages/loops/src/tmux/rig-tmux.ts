import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LoopsError } from '../errors.ts';
import { endProcess } from '../processes/end-process.ts';
import { type ControlClient, connectControlClient } from './control-client.ts';
import { exactSession } from './quote.ts';
import { runTmux } from './tmux-server.ts';

/** A session without a process, for the control clients to be attached to. */
export const hubSession = 'loops-hub';
const deathChannel = 'loops-pane-died';

/** The pane that a loop's agent was started in, as tmux sees it. Other panes, also of its session, are others'. */
export interface Pane {
  /** The loop, which is also the name of the session that was made for it. */
  readonly loop: string;
  /** tmux's own id, e.g. `%3`: never used again by the same server. */
  readonly id: string;
  readonly pid: number;
  readonly dead: boolean;
  /** How its command ended, when `dead`. */
  readonly exitCode: number | undefined;
  readonly exitSignal: number | undefined;
  /** Our id of this start, when we started it. */
  readonly run: string | undefined;
  /** The server's own process. */
  readonly serverPid: number;
  /** Whether its logger runs, as far as tmux has seen. */
  readonly piped: boolean;
  /** Names the logger that its output goes to, as we set it. */
  readonly logger?: string | undefined;
  /** Unix seconds of its last output. */
  readonly activity: number;
}

export interface SessionStart {
  readonly loop: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Our id of this start. */
  readonly run: string;
  /** A shell command that takes the output on standard input. */
  readonly logger: string;
}

/** The tmux server of a rig, through two control clients: one runs commands, the other waits for panes to die. */
export interface RigTmux extends AsyncDisposable {
  readonly closed: Promise<void>;
  /** The panes that agents were started in. */
  panes(): Promise<Pane[]>;
  /** Starts a command in a session of its own; where there is one, with panes of others only, in a window of its own. */
  create(start: SessionStart): Promise<void>;
  /** Starts a command in a dead pane, or with `kill` in any. People who are attached stay so. */
  respawn(pane: Pick<Pane, 'id' | 'piped' | 'logger'>, start: SessionStart, kill?: boolean): Promise<void>;
  /** Gives a pane a logger in place of the one it has, or had. */
  pipe(paneId: string, logger: string): Promise<void>;
  /** Ends one pane; its session with it when there is no other. */
  killPane(paneId: string): Promise<void>;
  /** Ends a session with all its panes; one that is not there is no error. */
  killSession(session: string): Promise<void>;
  /** Ends the server and everything on it. */
  endServer(): Promise<void>;
  /** What the pane shows, as lines. */
  screen(paneId: string): Promise<string[]>;
  /** Types a text byte for byte, as one paste. */
  paste(paneId: string, text: Uint8Array): Promise<void>;
  /** Presses a key, by its tmux name. */
  press(paneId: string, key: string): Promise<void>;
}

const paneFormat = [
  '@loops_loop',
  'pane_id',
  'pane_pid',
  'pane_dead',
  'pane_dead_status',
  'pane_dead_signal',
  '@loops_run',
  'window_activity',
  'pid',
  'pane_pipe',
  '@loops_logger',
]
  .map((field) => `#{${field}}`)
  .join('\t');

/**
 * Connects to the server at `socket` and sets its options. It never starts one.
 *
 * @param onChange called when a pane may have died or a session came or went.
 */
export async function connectRigTmux(socket: string, onChange: () => void): Promise<RigTmux> {
  await endStaleClients(socket);
  const commands = await connectControlClient(
    socket,
    [
      ['set-option', '-g', 'exit-empty', 'off'],
      ['set-option', '-g', 'remain-on-exit', 'on'],
      ['set-option', '-g', 'remain-on-exit-format', ''],
      ['set-option', '-g', 'default-size', '200x50'],
      ['set-option', '-g', 'history-limit', '2000'],
      ['set-option', '-g', 'status', 'off'],
      ['set-option', '-g', 'update-environment', ''],
      ['set-hook', '-g', 'pane-died', `wait-for -S ${deathChannel}`],
      ['new-session', '-A', '-s', hubSession, 'true', ''],
    ],
    (notice) => {
      if (notice === '%sessions-changed') onChange();
    },
  );
  try {
    const events = await connectControlClient(socket, [['attach-session', '-t', exactSession(hubSession)]]);
    // Only agents' panes, and the hub's, stay when their command has ended: that of a person goes away.
    await commands.run([
      ['set-option', '-w', '-t', exactSession(hubSession), 'remain-on-exit', 'on'],
      ['set-option', '-g', 'remain-on-exit', 'off'],
    ]);
    void waitForDeaths(events, onChange);
    return new ConnectedRigTmux(socket, commands, events);
  } catch (error) {
    await commands[Symbol.asyncDispose]();
    throw error;
  }
}

/** How long the clients of another supervisor may take to be gone, in milliseconds. */
const stalePatience = 3000;

/**
 * Ends the clients of a supervisor that was killed, and waits until the server has seen their end. It may wait for one
 * forever, with output for it that is not taken, and then does not end itself either. And tmux to 3.6 crashes when it
 * has to tell of a client's end while another control client is about to be one (tmux/tmux#4980), so ours come after.
 * Only the holder of the rig's lock has clients here.
 *
 * @throws {LoopsError} `TMUX_LOST`: they are still there.
 */
async function endStaleClients(socket: string): Promise<void> {
  const end = performance.now() + stalePatience;
  for (;;) {
    // Without the session there are none, and tmux fails.
    const list = ['list-clients', '-t', exactSession(hubSession), '-F', '#{client_pid}'];
    const { lines: pids } = await runTmux(socket, list);
    if (pids.length === 0) return;
    if (performance.now() > end) {
      throw new LoopsError('TMUX_LOST', `its clients ${pids.join(', ')} do not end`);
    }
    for (const pid of pids) endProcess(Number(pid), 'SIGKILL');
    await delay(10);
  }
}

/** A wake-up that comes while no caller waits is kept by the server, so none is lost in between. */
async function waitForDeaths(events: ControlClient, onChange: () => void): Promise<void> {
  try {
    for (;;) {
      await events.run([['wait-for', deathChannel]], Infinity);
      onChange();
    }
  } catch (error) {
    if (error instanceof LoopsError && error.code === 'TMUX_LOST') return;
    throw error;
  }
}

class ConnectedRigTmux implements RigTmux {
  readonly closed: Promise<void>;
  readonly #socket: string;
  readonly #commands: ControlClient;
  readonly #events: ControlClient;

  constructor(socket: string, commands: ControlClient, events: ControlClient) {
    this.#socket = socket;
    this.#commands = commands;
    this.#events = events;
    this.closed = Promise.race([commands.closed, events.closed]);
  }

  async panes(): Promise<Pane[]> {
    const [lines = []] = await this.#commands.run([['list-panes', '-a', '-F', paneFormat]]);
    return lines.map(parsePane).filter(({ loop }) => loop !== '');
  }

  async create(start: SessionStart): Promise<void> {
    const target = exactSession(start.loop);
    const words = ['-c', literalPath(start.cwd), ...environmentWords(start), '--', ...programWords(start)];
    try {
      await this.#commands.run([
        ['new-session', '-d', '-s', start.loop, ...words],
        // The environment of a session is that of its next windows too: the agent's is its own.
        ...Object.keys(start.environment).map((name) => ['set-environment', '-u', '-t', target, name]),
        ...agentWords(start, target),
      ]);
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      const window = `loops-${start.run}`;
      await this.#commands.run([
        ['new-window', '-d', '-t', target, '-n', window, ...words],
        ...agentWords(start, `=${start.loop}:=${window}`),
        ['rename-window', '-t', `=${start.loop}:=${window}`, start.loop],
      ]);
    }
  }

  async respawn(
    pane: Pick<Pane, 'id' | 'piped' | 'logger'>,
    start: SessionStart,
    kill = false,
  ): Promise<void> {
    const words = ['-c', literalPath(start.cwd), ...environmentWords(start), '--', ...programWords(start)];
    await this.#commands.run([
      ['respawn-pane', ...(kill ? ['-k'] : []), '-t', pane.id, ...words],
      ...agentWords(start, pane.id, pane),
    ]);
  }

  async pipe(paneId: string, logger: string): Promise<void> {
    await this.#commands.run([
      ['pipe-pane', '-t', paneId],
      ['pipe-pane', '-t', paneId, literalCommand(logger)],
    ]);
  }

  async killPane(paneId: string): Promise<void> {
    await this.#commands.run([['kill-pane', '-t', paneId]]);
  }

  async killSession(session: string): Promise<void> {
    await this.#commands.run([['kill-session', '-t', exactSession(session)]]).catch((error: unknown) => {
      if (!(error instanceof LoopsError && /can't find session/.test(error.message))) throw error;
    });
  }

  /** The server is gone before it answers. */
  async endServer(): Promise<void> {
    await this.#commands.run([['kill-server']]).catch((error: unknown) => {
      if (!(error instanceof LoopsError && error.code === 'TMUX_LOST')) throw error;
    });
    await this.#commands.closed;
  }

  async screen(paneId: string): Promise<string[]> {
    const [lines = []] = await this.#commands.run([['capture-pane', '-p', '-t', paneId]]);
    return lines;
  }

  async paste(paneId: string, text: Uint8Array): Promise<void> {
    // tmux keeps no empty buffer, and there is nothing to type.
    if (text.length === 0) return;
    const buffer = `loops-${randomUUID()}`;
    await this.#load(buffer, text);
    await this.#commands.run([['paste-buffer', '-p', '-r', '-d', '-b', buffer, '-t', paneId]]);
  }

  async press(paneId: string, key: string): Promise<void> {
    await this.#commands.run([['send-keys', '-t', paneId, key]]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#commands[Symbol.asyncDispose](), this.#events[Symbol.asyncDispose]()]);
  }

  /** Only a client of its own can hand content over on standard input: on a command line it is bounded and quoted. */
  async #load(buffer: string, text: Uint8Array): Promise<void> {
    const { exitCode } = await runTmux(this.#socket, ['load-buffer', '-b', buffer, '-'], text);
    if (exitCode !== 0)
      throw new LoopsError('TMUX_FAILED', `tmux load-buffer ended with exit code ${exitCode}`);
  }
}

/**
 * What makes a pane an agent's, in the same go as its start: its marks, and the log of its output. A pane that had an agent before
 * keeps its logger, which may not have written all of its output yet, unless another is wanted.
 */
function agentWords(
  start: SessionStart,
  target: string,
  before?: Pick<Pane, 'piped' | 'logger'>,
): string[][] {
  const logger = createHash('sha256').update(start.logger).digest('hex');
  const isKept = before?.piped === true && before.logger === logger;
  return [
    ['set-option', '-p', '-t', target, 'remain-on-exit', 'on'],
    ['set-option', '-p', '-t', target, '@loops_run', start.run],
    ['set-option', '-p', '-t', target, '@loops_loop', start.loop],
    ['set-option', '-p', '-t', target, '@loops_logger', logger],
    ...(isKept ? [] : [['pipe-pane', '-t', target, literalCommand(start.logger)]]),
  ];
}

function isDuplicate(error: unknown): boolean {
  return error instanceof LoopsError && error.message.includes('duplicate session');
}

function environmentWords({ environment }: SessionStart): string[] {
  return Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
}

/** tmux expands formats in a directory. */
function literalPath(text: string): string {
  return text.replaceAll('#', '##');
}

/** tmux expands formats and dates in a pipe's command. */
function literalCommand(text: string): string {
  return literalPath(text).replaceAll('%', '%%');
}

/** A single word would be read by a shell; several are the argv. */
function programWords({ argv }: SessionStart): readonly string[] {
  return argv.length === 1 ? ['env', '--', ...argv] : argv;
}

function parsePane(line: string): Pane {
  const [
    loop = '',
    id = '',
    pid = '',
    dead = '',
    status = '',
    signal = '',
    run = '',
    activity = '',
    serverPid = '',
    pipe = '',
    logger = '',
  ] = line.split('\t');
  return {
    loop,
    id,
    pid: Number(pid),
    dead: dead === '1',
    exitCode: status === '' ? undefined : Number(status),
    exitSignal: signal === '' ? undefined : Number(signal),
    run: run === '' ? undefined : run,
    activity: Number(activity),
    serverPid: Number(serverPid),
    piped: pipe === '1',
    logger: logger === '' ? undefined : logger,
  };
}
