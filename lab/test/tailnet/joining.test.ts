import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { joinTailnet, type JoinOptions, probeAuthKey, tailnetNode } from '@cutover/cutover-scripts/tailnet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Node } from '../../src/tailnet/node.ts';
import { type LocalTailnet, programsOrSkip, startTailnet } from './tailnet.ts';

const programs = await programsOrSkip();

describe.skipIf(programs === undefined)('joining a real tailnet', () => {
  let tailnet: LocalTailnet;
  /** Joins nothing: what was refused leaves it as it was. */
  let fresh: Node;
  const { signal } = new AbortController();

  beforeAll(async () => {
    if (programs === undefined) return;
    tailnet = await startTailnet(programs);
    fresh = await tailnet.node('fresh');
  });
  afterAll(async () => {
    await tailnet?.[Symbol.asyncDispose]();
  });

  const options = (node: Node, key: string, more: Partial<JoinOptions> = {}): JoinOptions => ({
    name: 'cc-ci',
    socket: node.socket,
    loginServer: tailnet.control.url,
    readKey: async () => key,
    timeout: 30_000,
    ...more,
  });
  const probe = (key: string) =>
    readFile(tailnet.control.authority, 'utf8').then((authority) =>
      probeAuthKey(fresh.host, { key, loginServer: tailnet.control.url, authority, signal }),
    );

  test('a good key is found good and stays unused; it joins once; then it is found used', async () => {
    const { key } = await tailnet.control.mint();
    expect(await probe(key)).toEqual({ standing: 'good' });
    expect(await tailnet.control.nodes()).toEqual([]);
    const node = await tailnet.node('cc-ci');
    expect(await joinTailnet(node.host, options(node, key))).toMatchObject({
      state: 'joined',
      name: 'cc-ci',
    });
    expect(await tailnet.control.nodes()).toMatchObject([{ name: 'cc-ci', online: true, tags: ['tag:rig'] }]);
    expect(await probe(key)).toEqual({ standing: 'used' });
    await expect(joinTailnet(fresh.host, options(fresh, key))).rejects.toMatchObject({
      problem: 'key',
      message: expect.stringMatching(/was used before \(.*authkey already used\); make a new one-off key/),
    });
    // Nothing that either has on disk, or has said, holds the key.
    const found = await promisify(execFile)('grep', ['-rlF', key, tailnet.folder]).catch(
      (error: { code: number }) => error.code,
    );
    expect(found).toBe(1);
  });

  test.each([
    ['expired', 'expired', /is expired or revoked \(.*authkey expired\)/],
    ['removed', 'unknown-key', /does not know the auth key \(.*invalid pre auth key\)/],
    ['cut short', 'unknown-key', /does not know the auth key \(.*failed to parse auth-key: key too short/],
    ['never made', 'unknown-key', /does not know the auth key \(.*invalid pre auth key\)/],
  ])('a key that is %s is told as that, and never taken for joined', async (kind, standing, message) => {
    const { id, key } = await tailnet.control.mint();
    if (kind === 'expired') await tailnet.control.expire(id);
    if (kind === 'removed') await tailnet.control.remove(id);
    const bad = { 'cut short': key.slice(0, 30), 'never made': key.replaceAll(/[a-z]/g, 'x') }[kind] ?? key;
    expect(await probe(bad)).toEqual({ standing });
    await expect(joinTailnet(fresh.host, options(fresh, bad))).rejects.toMatchObject({
      problem: 'key',
      message,
    });
    expect(await tailnetNode(fresh.host, { socket: fresh.socket })).toMatchObject({ state: 'fresh' });
  });

  test('a name that is taken is no success, and its holder is named', async () => {
    const { key } = await tailnet.control.mint();
    const second = await tailnet.node('second');
    await expect(joinTailnet(second.host, options(second, key))).rejects.toMatchObject({
      problem: 'name',
      message: expect.stringMatching(
        /got the name cc-ci-\S+ in the tailnet, for cc-ci is that of cc-ci \(linux, 100\.64\.\S+, online\)/,
      ),
    });
  });

  test('a control server whose certificate is not trusted: the message has the cause', async () => {
    const { key } = await tailnet.control.mint();
    const distrustful = await tailnet.node('distrustful', { authority: '/dev/null' });
    await expect(
      joinTailnet(distrustful.host, options(distrustful, key, { timeout: 5000 })),
    ).rejects.toMatchObject({
      problem: 'control',
      message: expect.stringMatching(/did not answer in time; .*x509/),
    });
    // It was not spent.
    expect(await probe(key)).toEqual({ standing: 'good' });
  });

  test.runIf(process.env['CUTOVER_SOAK'])(
    'without its control server a joined node is unknown, and one that is fresh is told why it cannot join',
    async () => {
      const { key } = await tailnet.control.mint();
      const node = await tailnet.node('lonely');
      await joinTailnet(node.host, options(node, key, { name: 'lonely' }));
      await tailnet.control.stop();
      await expect
        .poll(() => tailnetNode(node.host, { socket: node.socket }))
        .toMatchObject({ state: 'unknown', name: 'lonely' });
      const never = (): never => {
        throw new Error('the key was asked for');
      };
      await expect(
        joinTailnet(node.host, options(node, key, { name: 'lonely', readKey: never })),
      ).rejects.toThrow(/is unknown: .*do not restart tailscaled/);
      await expect(joinTailnet(fresh.host, options(fresh, key, { timeout: 4000 }))).rejects.toMatchObject({
        problem: 'control',
        message: expect.stringMatching(/did not answer in time; .*connection refused/),
      });
      expect(await probe(key)).toMatchObject({ why: expect.stringMatching(/did not answer: .*refused/) });
      // One that starts without it says that it is logged out; it is not.
      await node.stop();
      await node.start();
      await expect
        .poll(() => tailnetNode(node.host, { socket: node.socket }), { timeout: 10_000 })
        .toMatchObject({ state: 'unknown', reason: expect.stringMatching(/logged out/) });
      await tailnet.control.start();
      await expect
        .poll(() => tailnetNode(node.host, { socket: node.socket }))
        .toMatchObject({ state: 'joined' });
    },
  );
});
