import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { grantOwnership, readOwnership, releaseOwnership, reviveOwnership } from '../../src/index.ts';
import { makeGitFixture } from '../git-fixture.ts';

const host = localHost();
const run = 'a-run';

describe('a move of the ownership', () => {
  it('is a release and then a grant, the epoch rising with each', async () => {
    await using fixture = await makeGitFixture();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote, run };
    expect(await readOwnership(host, place)).toBeUndefined();
    const first = await releaseOwnership(host, { ...place, expected: undefined, from: 'pi' });
    expect(first).toMatchObject({ state: 'released', from: 'pi', epoch: 1, run, lease: 600_000 });
    const held = await grantOwnership(host, { ...place, expected: first, to: 'vm', lease: 90_500 });
    expect(held).toMatchObject({ state: 'held', owner: 'vm', epoch: 2, lease: 90_500 });
    expect(await readOwnership(host, place)).toEqual(held);
    const second = await releaseOwnership(host, { ...place, expected: held });
    // The lease of a release is the one that its last owner was granted.
    expect(second).toMatchObject({ state: 'released', from: 'vm', epoch: 3, lease: 90_500 });
    expect(await readOwnership(host, place)).toEqual(second);
  });

  it('never shortens the lease of a host that gets the loops back: it may still count by the longer one', async () => {
    await using fixture = await makeGitFixture();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote, run };
    const held = await grantOwnership(host, { ...place, expected: undefined, to: 'vm', lease: 900_000 });
    const released = await releaseOwnership(host, { ...place, expected: held });
    const back = await grantOwnership(host, { ...place, expected: released, to: 'vm', lease: 60_000 });
    expect(back).toMatchObject({ owner: 'vm', lease: 900_000 });
    const again = await releaseOwnership(host, { ...place, expected: back });
    expect(again).toMatchObject({ from: 'vm', lease: 900_000 });
    // Another host has read none of it.
    const other = await grantOwnership(host, { ...place, expected: again, to: 'pi', lease: 60_000 });
    expect(other).toMatchObject({ owner: 'pi', lease: 60_000 });
  });

  it('finds its own work when it is done again, and nobody else’s', async () => {
    await using fixture = await makeGitFixture();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote, run };
    const released = await releaseOwnership(host, { ...place, expected: undefined, from: 'pi' });
    expect(await releaseOwnership(host, { ...place, expected: undefined, from: 'pi' })).toEqual(released);
    const held = await grantOwnership(host, { ...place, expected: released, to: 'vm' });
    expect(await grantOwnership(host, { ...place, expected: released, to: 'vm' })).toEqual(held);
    const other = { ...place, run: 'another-run' };
    await expect(grantOwnership(host, { ...other, expected: released, to: 'vm' })).rejects.toMatchObject({
      code: 'OWNERSHIP_CONFLICT',
      actual: { owner: 'vm', epoch: 2 },
    });
  });

  it('is read by many at once who have no scratch repository yet, also through one and the same', async () => {
    await using fixture = await makeGitFixture();
    for (let round = 0; round < 4; round += 1) {
      const place = { repository: join(fixture.directory, `new-${round}`), remote: fixture.remote };
      expect(await Promise.all(Array.from({ length: 12 }, () => readOwnership(host, place)))).toEqual(
        Array.from({ length: 12 }, () => undefined),
      );
    }
  });

  it('is won by exactly one of those who try it at once; the others learn who did', async () => {
    await using fixture = await makeGitFixture();
    const moves = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        grantOwnership(host, {
          repository: join(fixture.directory, `s${index}`),
          remote: fixture.remote,
          expected: undefined,
          to: `host-${index}`,
          run,
        }),
      ),
    );
    const won = moves.flatMap((move) => (move.status === 'fulfilled' ? [move.value] : []));
    expect(won).toHaveLength(1);
    const lost: unknown[] = moves.flatMap((move) => (move.status === 'rejected' ? [move.reason] : []));
    const conflict = { code: 'OWNERSHIP_CONFLICT', actual: { owner: won[0]?.owner, epoch: 1 } };
    expect(lost).toMatchObject(Array.from({ length: 7 }, () => conflict));
  });

  it('goes to another who commits between two tries: a conflict, not something unknown', async () => {
    await using fixture = await makeGitFixture();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote, run };
    const elsewhere = { ...place, ref: 'refs/cutover/elsewhere' };
    const other = await grantOwnership(host, { ...elsewhere, expected: undefined, to: 'pi' });
    // The first push finds the ref locked, and the second one finds the other there.
    const hook = `#!/bin/sh
[ -e tried ] && env -u GIT_QUARANTINE_PATH git update-ref refs/cutover/owner ${other.commit}
touch tried
exit 1
`;
    await writeFile(join(fixture.remote, 'hooks/pre-receive'), hook, { mode: 0o755 });
    await expect(grantOwnership(host, { ...place, expected: undefined, to: 'vm' })).rejects.toMatchObject({
      code: 'OWNERSHIP_CONFLICT',
      actual: { owner: 'pi', epoch: 1 },
    });
  });

  it('is refused when the ref is gone, or older than what was seen, until it is revived above that', async () => {
    await using fixture = await makeGitFixture();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote, run };
    const old = await releaseOwnership(host, { ...place, expected: undefined, from: 'pi' });
    await grantOwnership(host, { ...place, expected: old, to: 'vm' });
    const restore = ['update-ref', 'refs/cutover/owner', old.commit];
    await fixture.git(fixture.remote, ...restore);
    const move = { ...place, seen: 2 };
    const regressed = { code: 'OWNERSHIP_REGRESSED', seen: 2, actual: { epoch: 1 } };
    await expect(grantOwnership(host, { ...move, expected: old, to: 'pi' })).rejects.toMatchObject(regressed);
    await fixture.git(fixture.remote, 'update-ref', '-d', 'refs/cutover/owner');
    await expect(grantOwnership(host, { ...move, expected: undefined, to: 'pi' })).rejects.toMatchObject({
      code: 'OWNERSHIP_REGRESSED',
    });
    const revived = await reviveOwnership(host, { ...move, expected: undefined, from: 'vm' });
    expect(revived).toMatchObject({ state: 'released', from: 'vm', epoch: 3 });
    expect(await readOwnership(host, place)).toEqual(revived);
  });

  it('is unknown, and nobody has it, when the remote refuses for good', async () => {
    await using fixture = await makeGitFixture();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote, run };
    const hook = '#!/bin/sh\necho not you >&2\nexit 1\n';
    await writeFile(join(fixture.remote, 'hooks/pre-receive'), hook, { mode: 0o755 });
    await expect(grantOwnership(host, { ...place, expected: undefined, to: 'vm' })).rejects.toMatchObject({
      code: 'OWNERSHIP_UNKNOWN',
      message: expect.stringContaining('not you'),
    });
    expect(await readOwnership(host, place)).toBeUndefined();
  });

  it('is unknown, not absent, when the remote is away, or the document is not one', async () => {
    await using fixture = await makeGitFixture();
    const place = { repository: join(fixture.directory, 'scratch'), remote: join(fixture.directory, 'away') };
    await expect(readOwnership(host, place)).rejects.toMatchObject({ code: 'OWNERSHIP_UNKNOWN' });
    await fixture.git(fixture.remote, 'update-ref', 'refs/cutover/owner', 'main');
    await expect(readOwnership(host, { ...place, remote: fixture.remote })).rejects.toMatchObject({
      code: 'OWNERSHIP_UNKNOWN',
    });
  });
});
