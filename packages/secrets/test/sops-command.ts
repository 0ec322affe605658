import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The real sops of a version, where set-up built it (bin/lib/sops.sh), or `undefined`. */
export function sopsCommand(version: string): string | undefined {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const path = join(cache, 'cutover', 'tools', `sops-v${version}`, 'sops');
  return existsSync(path) ? path : undefined;
}

/** Runs the real sops with one identity and nothing else of this environment. */
export function runSops(
  command: string,
  args: readonly string[],
  options: { identity?: string; input?: Uint8Array; cwd?: string } = {},
): Buffer {
  const { identity, input, cwd } = options;
  return execFileSync(command, ['--disable-version-check', ...args].filter(noVersionFlag), {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      ...(identity === undefined ? {} : { SOPS_AGE_KEY: identity }),
    },
    ...(input === undefined ? {} : { input }),
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
}

const noVersionFlag = (argument: string): boolean => argument !== '--disable-version-check';
