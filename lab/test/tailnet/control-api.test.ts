import { readFile } from 'node:fs/promises';
import { type ControlApi, controlApi, joinTailnet } from '@cutover/cutover-scripts/tailnet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalTailnet, programsOrSkip, startTailnet } from './tailnet.ts';

const programs = await programsOrSkip();

describe.skipIf(programs === undefined)("headscale's API", () => {
  let tailnet: LocalTailnet;
  let authority: string;
  let api: ControlApi;
  const { signal } = new AbortController();
  const open = (token: string, trusted: string | undefined = authority): ControlApi =>
    controlApi({ type: 'headscale', url: tailnet.control.url, token, tailnet: '-', authority: trusted });

  beforeAll(async () => {
    if (programs === undefined) return;
    tailnet = await startTailnet(programs);
    authority = await readFile(tailnet.control.authority, 'utf8');
    api = open(tailnet.control.token);
  });
  afterAll(async () => {
    await tailnet?.[Symbol.asyncDispose]();
  });

  test('a key is made, joins one node, and is found used; the node is removed, and its name is free again', async () => {
    const { key } = await api.mint({ tags: ['tag:rig'], lifetime: 60_000 }, signal);
    expect(await api.keyFacts(key, signal)).toEqual({ standing: 'good', reusable: false });
    const node = await tailnet.node('one');
    const join = { name: 'cc-ci', socket: node.socket, loginServer: tailnet.control.url };
    const joined = await joinTailnet(node.host, { ...join, readKey: async () => key });
    expect(await api.keyFacts(key, signal)).toEqual({ standing: 'used', reusable: false });
    const [found] = await api.nodes(signal);
    expect(found).toMatchObject({
      name: 'cc-ci',
      online: true,
      addresses: expect.arrayContaining([joined.addresses[0]]),
    });
    await node.host.run(['tailscale', `--socket=${node.socket}`, 'logout']);
    // Logged out, it holds its name, and the server takes no new key from it.
    expect(await api.nodes(signal)).toMatchObject([{ name: 'cc-ci' }]);
    const refused = await api.mint({ tags: ['tag:rig'], lifetime: 60_000 }, signal);
    await expect(joinTailnet(node.host, { ...join, readKey: async () => refused.key })).rejects.toThrow(
      /an earlier node of this host is still in the list of the control server: remove it there first/,
    );
    await api.removeNode(found?.id ?? '', signal);
    await api.removeNode(found?.id ?? '', signal);
    expect(await api.nodes(signal)).toEqual([]);
    const other = await tailnet.node('two');
    const again = await api.mint({ tags: ['tag:rig'], lifetime: 60_000 }, signal);
    expect(
      await joinTailnet(other.host, { ...join, socket: other.socket, readKey: async () => again.key }),
    ).toMatchObject({ name: 'cc-ci' });
  });

  test('a key that is revoked, deleted or past its time is found as that', async () => {
    const revoked = await api.mint({ tags: ['tag:rig'], lifetime: 60_000 }, signal);
    await api.revoke(revoked.id, signal);
    expect(await api.keyFacts(revoked.key, signal)).toMatchObject({ standing: 'expired' });
    const late = await api.mint({ tags: ['tag:rig'], lifetime: 1 }, signal);
    expect(await api.keyFacts(late.key, signal)).toMatchObject({ standing: 'expired' });
    const deleted = await tailnet.control.mint({ reusable: true });
    expect(await api.keyFacts(deleted.key, signal)).toEqual({ standing: 'good', reusable: true });
    await tailnet.control.remove(deleted.id);
    expect(await api.keyFacts(deleted.key, signal)).toMatchObject({ standing: 'unknown-key' });
    expect(await api.keyFacts('tskey-auth-k-s', signal)).toBeUndefined();
  });

  test('a token that is not accepted, an authority that is not trusted, a server that is down: told as that', async () => {
    const other = open('hskey-api-abcdefghijkl-hunter2');
    await expect(other.nodes(signal)).rejects.toMatchObject({ code: 'TAILNET_NOT_JOINED', problem: 'token' });
    await expect(other.nodes(signal)).rejects.not.toThrow(/hunter2/);
    const distrustful = controlApi({ type: 'headscale', url: tailnet.control.url, token: 'x', tailnet: '-' });
    await expect(distrustful.nodes(signal)).rejects.toMatchObject({
      problem: 'control',
      message: expect.stringMatching(/does not answer: .*(certificate|issuer)/),
    });
    await tailnet.control.stop();
    await expect(api.nodes(signal)).rejects.toMatchObject({
      problem: 'control',
      message: expect.stringMatching(/does not answer: .*ECONNREFUSED/),
    });
    await tailnet.control.start();
    expect(await api.nodes(signal)).toBeInstanceOf(Array);
  });
});
