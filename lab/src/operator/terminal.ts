import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { SshHostOptions } from '@cutover/host';

/** A person's terminal on a host: `ssh -tt`, with a real pty on the far side. */
export interface Terminal extends AsyncDisposable {
  /** Types text as it is; end a line with `\r`, as the Enter key does. */
  type(text: string): void;
  /** Waits until the screen has shown a match since the last `seen`, and returns it. @throws {Error} not in time. */
  seen(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  /** Resolves when the far side has ended the session: its exit code. */
  readonly ended: Promise<number | null>;
}

/**
 * Opens a terminal by the real `ssh`, as a person would: a different way in than any that the runbook uses.
 *
 * @param words what to run there; joined by ssh and read by the login shell.
 */
export async function openTerminal(to: SshHostOptions, words: readonly string[]): Promise<Terminal> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-operator-'));
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, (to.hostKeys ?? []).map((key) => `${to.host} ${key}\n`).join(''));
  const child = spawn('ssh', sshArguments(to, knownHosts, words), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'xterm' },
  });
  let screen = '';
  let changed = () => {};
  const show = (chunk: Buffer) => {
    screen += chunk.toString();
    changed();
  };
  child.stdout.on('data', show);
  child.stderr.on('data', show);
  child.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  void ended.then(() => changed());

  return {
    type: (text) => void child.stdin.write(text),
    async seen(pattern, timeout = 20_000) {
      const deadline = performance.now() + timeout;
      for (;;) {
        const plain = plainText(screen);
        const match = pattern.exec(plain);
        if (match !== null) {
          screen = plain.slice(match.index + match[0].length);
          return match;
        }
        const left = deadline - performance.now();
        if (left <= 0 || child.exitCode !== null) {
          throw new Error(
            `${to.user}@${to.host}: ${pattern} was not seen; the screen's end: ${JSON.stringify(screen.slice(-300))}`,
          );
        }
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          changed = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    ended,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill('SIGHUP');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One or more columns to the right: some programs step over a blank in place of writing it. */
const stepRight = new RegExp(`\u001B${String.raw`\[\d*C`}`, 'g');

function plainText(screen: string): string {
  return stripVTControlCharacters(screen.replaceAll(stepRight, ' '));
}

function sshArguments(to: SshHostOptions, knownHosts: string, words: readonly string[]): string[] {
  const options = {
    BatchMode: 'yes',
    GlobalKnownHostsFile: '/dev/null',
    IdentitiesOnly: 'yes',
    LogLevel: 'ERROR',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: knownHosts,
  };
  const settings = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const keys = [to.privateKeyFile ?? []].flat().flatMap((file) => ['-i', file]);
  return [
    '-tt',
    '-F',
    'none',
    ...keys,
    '-p',
    String(to.port ?? 22),
    ...settings,
    `${to.user}@${to.host}`,
    ...words,
  ];
}
