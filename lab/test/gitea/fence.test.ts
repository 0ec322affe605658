import { fingerprintOf } from '@cutover/cutover-scripts/forge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fenceContract } from '../hosts/fence-contract.ts';
import { configuration, type GiteaRig, openGiteaRig, repositories } from './gitea-rig.ts';
import { giteaIsThere } from './there.ts';

describe.skipIf(!giteaIsThere)('the fence of a Gitea', () => {
  const signal = AbortSignal.timeout(900_000);
  let rig: GiteaRig;
  let clones: [string, string];
  beforeAll(async () => {
    rig = await openGiteaRig();
    await rig.forge.createRepository(configuration, signal);
    await rig.forge.fence.grant('pi', rig.publicKey, signal);
    clones = [await rig.clone(repositories[0]), await rig.clone(repositories[1])];
    for (const clone of clones) {
      await rig.here.run(commit(clone));
      await rig.here.run(['git', '-C', clone, 'push', '--quiet', 'origin', 'HEAD:main']);
    }
  });
  afterAll(() => rig?.[Symbol.asyncDispose]());

  const commit = (clone: string): string[] => {
    const person = ['-c', 'user.name=x', '-c', 'user.email=x@x'];
    return ['git', '-C', clone, ...person, 'commit', '--quiet', '--allow-empty', '--message', 'more'];
  };
  const push = async (clone: string) => {
    await rig.here.run(commit(clone));
    const argv = ['git', '-C', clone, 'push', '--quiet', 'origin', 'HEAD:main'];
    return (await rig.here.run(argv, { reject: false, timeout: 60_000 })).exitCode;
  };
  const keysOf = (repository: string) =>
    rig.gitea.asAdmin.call('GET', `/repos/${rig.gitea.organization}/${repository}/keys`);

  fenceContract(async () => ({
    fence: rig.forge.fence,
    client: rig.here,
    name: 'pi',
    publicKey: rig.publicKey,
    fingerprint: fingerprintOf(rig.publicKey),
    clones,
    backup: () => rig.backup(),
    async [Symbol.asyncDispose]() {},
  }));

  it('finds a key that is left in one repository only, and takes it away there', async () => {
    const { fence } = rig.forge;
    const fingerprint = fingerprintOf(rig.publicKey);
    await fence.revoke(fingerprint, signal);
    // By hand, under another name, as someone does who wants just that one to work.
    await rig.gitea.asAdmin.call('POST', `/repos/${rig.gitea.organization}/cc-ci-secrets/keys`, {
      title: 'for the night',
      key: rig.publicKey,
      read_only: false,
    });
    expect(await fence.list(signal)).toEqual([
      { name: 'for the night', fingerprint, repositories: ['cc-ci-secrets'] },
    ]);
    expect([await push(clones[0]), await push(clones[1])]).toEqual([128, 0]);
    await fence.revoke(fingerprint, signal);
    expect(await fence.list(signal)).toEqual([]);
    expect(await push(clones[1])).toBe(128);
    await fence.grant('pi', rig.publicKey, signal, ['cc-ci']);
    expect(await fence.list(signal)).toEqual([{ name: 'pi', fingerprint, repositories: ['cc-ci'] }]);
    expect([await push(clones[0]), await push(clones[1])]).toEqual([0, 128]);
  });

  it('makes a key that may only read one that may push, and leaves other hosts’ keys of the same name alone', async () => {
    const { fence } = rig.forge;
    const fingerprint = fingerprintOf(rig.publicKey);
    const other = `${rig.folder}/other`;
    await rig.here.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', other]);
    const otherKey = (await rig.here.run(['cat', `${other}.pub`])).stdout;
    await fence.revoke(fingerprint, signal);
    await rig.gitea.asAdmin.call('POST', `/repos/${rig.gitea.organization}/cc-ci/keys`, {
      title: 'reader',
      key: rig.publicKey,
      read_only: true,
    });
    // It cannot push, so it is not one that has to be fenced.
    expect(await fence.list(signal)).toEqual([]);
    await fence.grant('pi', otherKey, signal, ['cc-ci']);
    await fence.grant('pi', rig.publicKey, signal);
    await fence.grant('pi', rig.publicKey, signal);
    expect(await fence.list(signal)).toEqual(
      expect.arrayContaining([
        { name: 'pi', fingerprint: fingerprintOf(otherKey), repositories: ['cc-ci'] },
        { name: 'pi', fingerprint, repositories: [configuration, ...repositories] },
      ]),
    );
    expect(await push(clones[0])).toBe(0);
    await fence.revoke(fingerprintOf(otherKey), signal);
    expect(Object.values(await keysOf('cc-ci'))).toHaveLength(1);
  });

  it('says so when a key cannot be let in, because both its titles are others', async () => {
    const { fence } = rig.forge;
    const fingerprint = fingerprintOf(rig.publicKey);
    await fence.revoke(fingerprint, signal);
    for (const title of ['pi', `pi ${fingerprint}`]) {
      const file = `${rig.folder}/${title.length}`;
      await rig.here.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file]);
      const key = (await rig.here.run(['cat', `${file}.pub`])).stdout;
      const keys = `/repos/${rig.gitea.organization}/cc-ci-secrets/keys`;
      await rig.gitea.asAdmin.call('POST', keys, { title, key, read_only: false });
    }
    await expect(fence.grant('pi', rig.publicKey, signal, ['cc-ci-secrets'])).rejects.toThrow(
      /was not let in .* remove one of them/,
    );
    expect(await push(clones[1])).toBe(128);
  });
});
