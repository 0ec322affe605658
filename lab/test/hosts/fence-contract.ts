import { setTimeout as delay } from 'node:timers/promises';
import type { Fence } from '@cutover/cutover-scripts/forge';
import type { Host } from '@cutover/host';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** A fence with one host before it, whose key is let in under `name`. */
export interface FencedHost extends AsyncDisposable {
  readonly fence: Fence;
  /** The host, as the user that pushes. */
  readonly client: Host;
  readonly name: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  /** Clones of two repositories on that host. */
  readonly clones: readonly [string, string];
  /** Takes a backup of what the forge has, keys included; what it returns brings that back. */
  backup(): Promise<() => Promise<void>>;
}

/** What every fence keeps, whatever the forge. */
export function fenceContract(open: () => Promise<FencedHost>): void {
  const signal = AbortSignal.timeout(900_000);
  let host: FencedHost;
  let count = 0;
  beforeAll(async () => {
    host = await open();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
  });

  const git = async (clone: string, ...argv: string[]): Promise<string> => {
    const whole = ['git', '-C', clone, '-c', 'user.name=x', '-c', 'user.email=x@x', ...argv];
    for (;;) {
      const { exitCode, stdout, stderr } = await host.client.run(whole, { timeout: 60_000, reject: false });
      if (exitCode === 0) return stdout.trim();
      // OpenSSH 9.8 and later drop a host for some seconds that they have just refused a few times.
      if (!/Connection (?:closed|reset) by/.test(stderr)) throw new Error(stderr);
      await delay(1000, undefined, { signal });
    }
  };
  const commit = async (clone: string): Promise<string> => {
    count += 1;
    await git(clone, 'commit', '--quiet', '--allow-empty', '--message', `fenced ${count}`);
    return git(clone, 'rev-parse', 'HEAD');
  };
  const push = (clone: string): Promise<string> => git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
  const head = async (clone: string): Promise<string> =>
    (await git(clone, 'ls-remote', 'origin', 'refs/heads/main')).slice(0, 40);
  const grant = (): Promise<void> => host.fence.grant(host.name, host.publicKey, signal);

  it('lists who holds which key', async () => {
    const keys = await host.fence.list(signal);
    expect(keys).toContainEqual(expect.objectContaining({ name: host.name, fingerprint: host.fingerprint }));
  });

  it('takes a key away from every repository, and gives it back', async () => {
    await host.fence.revoke(host.fingerprint, signal);
    await host.fence.revoke(host.fingerprint, signal);
    expect(await host.fence.list(signal)).not.toContainEqual(
      expect.objectContaining({ fingerprint: host.fingerprint }),
    );
    for (const clone of host.clones) {
      await commit(clone);
      await expect(push(clone)).rejects.toThrow(/Permission denied|not allowed|refused/);
    }
    await grant();
    await grant();
    for (const clone of host.clones) {
      await push(clone);
      expect(await head(clone)).toBe(await git(clone, 'rev-parse', 'HEAD'));
    }
  });

  it('takes it away under whatever name it was let in', async () => {
    await host.fence.grant(`${host.name}-again`, host.publicKey, signal);
    await host.fence.revoke(host.fingerprint, signal);
    await commit(host.clones[0]);
    await expect(push(host.clones[0])).rejects.toThrow(/Permission denied|not allowed|refused/);
    await grant();
    await push(host.clones[0]);
  });

  it('finds the key that a restored backup lets in again, and takes it away again', async () => {
    const [clone] = host.clones;
    const restore = await host.backup();
    await host.fence.revoke(host.fingerprint, signal);
    await restore();
    expect(await host.fence.list(signal)).toContainEqual(
      expect.objectContaining({ fingerprint: host.fingerprint }),
    );
    await commit(clone);
    await push(clone);
    await host.fence.revoke(host.fingerprint, signal);
    expect(await host.fence.list(signal)).not.toContainEqual(
      expect.objectContaining({ fingerprint: host.fingerprint }),
    );
    await commit(clone);
    await expect(push(clone)).rejects.toThrow(/Permission denied|not allowed|refused/);
    await grant();
    await push(clone);
  });

  it('ends a push that was under way: its pack comes after the key was taken away, and does not land', async () => {
    const [clone] = host.clones;
    const before = await head(clone);
    await commit(clone);
    // git runs this hook once the server has answered, and before it sends the pack.
    const hook = '#!/bin/sh\ntouch .git/waits\nwhile [ ! -e .git/go ]; do sleep 0.1; done\n';
    const path = `${clone}/.git/hooks/pre-push`;
    await host.client.run(['rm', '-f', `${clone}/.git/waits`, `${clone}/.git/go`]);
    await host.client.writeFile(path, hook, { mode: 0o755 });
    const pushing = push(clone).then(
      () => 'landed',
      () => 'refused',
    );
    const waits = async (): Promise<number | undefined> =>
      (await host.client.run(['test', '-e', `${clone}/.git/waits`], { reject: false })).exitCode ?? undefined;
    while ((await waits()) !== 0) await delay(100);
    await host.fence.revoke(host.fingerprint, signal);
    await host.client.run(['touch', `${clone}/.git/go`]);
    expect(await pushing).toBe('refused');
    await host.client.run(['rm', '-f', path, `${clone}/.git/go`]);
    await grant();
    expect(await head(clone)).toBe(before);
    await push(clone);
  });
}
