import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unlessAbsent } from '@cutover/foundation/errno';
import { localHost } from '@cutover/host';

/** A person's terminal on this machine: a shell in tmux, whose screen can be read. */
export interface ReadersTerminal extends AsyncDisposable {
  /** Types a command and Enter, when the last one has ended; the screen has nothing else on it then. */
  type(line: string): Promise<void>;
  /** Presses a key, by the name that tmux has for it, e.g. `Enter`, `y`. */
  press(key: string): Promise<void>;
  /**
   * Waits until `look` finds something on the screen.
   *
   * @param what names it in the error.
   * @throws {Error} not in time, or the command ended before.
   */
  sees<T>(what: string, look: (screen: string) => T | undefined, timeout?: number): Promise<T>;
  /** Waits until the command has ended. @returns its exit code. @throws {Error} not in time. */
  ended(timeout?: number): Promise<number>;
  /** All that the screen shows of the command. */
  screen(): Promise<string>;
}

export interface ReadersTerminalOptions {
  readonly home: string;
  /** Where the shell begins. */
  readonly folder: string;
  /** Folders with commands, before those of the system. */
  readonly commands: readonly string[];
  /** Addresses by names, for this terminal alone. */
  readonly names: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** So high that nothing scrolls away. */
const size = ['-x', '110', '-y', '200'];

/** Opens a terminal with a shell that has nothing of this process's environment but where commands are. */
export async function openReadersTerminal(options: ReadersTerminalOptions): Promise<ReadersTerminal> {
  const { home, folder, commands, names, signal } = options;
  const own = await mkdtemp(join(tmpdir(), 'cutover-reader-'));
  const socket = join(own, 'tmux');
  const status = join(own, 'status');
  const hosts = join(own, 'hosts');
  await writeFile(hosts, `${await readFile('/etc/hosts', 'utf8')}\n${linesOf(names)}`);
  const environment = {
    HOME: home,
    PATH: [...commands, process.env['PATH'] ?? ''].join(':'),
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    PS1: '$ ',
    PROMPT_COMMAND: `echo $? >${status}`,
  };
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const shell = ['bash', '--norc', '--noprofile', '-i'];
  // In a mount namespace of its own, so that the names are this terminal's alone.
  const start = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
  const clean = ['env', '--ignore-environment', ...variables];
  const named = ['unshare', '--mount', 'sh', '-c', start, 'sh', hosts];
  const session = ['tmux', '-S', socket, '-f', '/dev/null', 'new-session', '-d', ...size, '-c', folder];
  const host = localHost();
  await host.run([...clean, ...named, ...session, ...shell], { signal });

  const tmux = async (...argv: readonly string[]): Promise<string> =>
    (await host.run(['tmux', '-S', socket, ...argv], { signal })).stdout;
  const screen = async (): Promise<string> => (await tmux('capture-pane', '-p', '-J', '-S', '-')).trimEnd();
  const exitCode = async (): Promise<number | undefined> => {
    const text = (await unlessAbsent(readFile(status, 'utf8'))) ?? '';
    return text === '' ? undefined : Number(text);
  };
  async function until<T>(what: string, look: () => Promise<T | undefined>, timeout: number): Promise<T> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline)
        throw new Error(`${what} was not seen; the screen is:\n${await screen()}`);
      await delay(200, undefined, { signal });
    }
  }
  return {
    async type(line) {
      await until('the end of the last command', exitCode, 10_000);
      await until('the prompt', async () => ((await screen()).endsWith('$') ? true : undefined), 10_000);
      await tmux('send-keys', 'C-l');
      const empty = async (): Promise<true | undefined> => {
        await tmux('clear-history');
        return (await screen()) === '$' ? true : undefined;
      };
      await until('an empty screen', empty, 10_000);
      await rm(status);
      await tmux('send-keys', '-l', '--', line);
      await tmux('send-keys', 'Enter');
    },
    async press(key) {
      await tmux('send-keys', key);
    },
    sees: (what, look, timeout = 60_000) =>
      until(
        what,
        async () => {
          const code = await exitCode();
          const found = look(await screen());
          if (found === undefined && code !== undefined)
            throw new Error(`it ended with ${code} before ${what}:\n${await screen()}`);
          return found;
        },
        timeout,
      ),
    ended: (timeout = 60_000) => until('the end', exitCode, timeout),
    async screen() {
      const text = await screen();
      // The prompt after the command is not of it.
      return text.replace(/\n\$$/, '');
    },
    async [Symbol.asyncDispose]() {
      await host.run(['tmux', '-S', socket, 'kill-server'], { reject: false });
      await host[Symbol.asyncDispose]();
      await rm(own, { recursive: true, force: true });
    },
  };
}

function linesOf(names: Readonly<Record<string, string>>): string {
  return Object.entries(names)
    .map(([name, address]) => `${address} ${name}\n`)
    .join('');
}
