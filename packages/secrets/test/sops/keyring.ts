import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PGP keyring with one throw-away key, whose agent ends with it. */
export interface Keyring extends AsyncDisposable {
  readonly fingerprint: string;
  /** What sops needs to find it. */
  readonly env: Readonly<Record<string, string>>;
}

export const hasGpg = ((): boolean => {
  try {
    execFileSync('gpg', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export async function makeKeyring(): Promise<Keyring> {
  // Short, as the path of the agent's socket is limited.
  const home = await mkdtemp(join(tmpdir(), 'gpg-'));
  const env = { GNUPGHOME: home, PATH: process.env['PATH'] ?? '' };
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--batch', ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  gpg('--passphrase', '', '--quick-generate-key', 'test@example.org', 'rsa2048', 'encrypt', 'never');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] ?? '';
  return {
    fingerprint,
    env,
    async [Symbol.asyncDispose]() {
      execFileSync('gpgconf', ['--kill', 'all'], { env });
      await rm(home, { recursive: true, force: true });
    },
  };
}
