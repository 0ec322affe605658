import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { claimOwnership, readOwnership } from '../../src/ownership/ownership.ts';
import { isAlive } from '../../src/processes/reap-runs.ts';
import { makeGitFixture } from '../git-fixture.ts';
import { makeRig, pidOf, until, untilRunning } from '../rig.ts';

describe('the ownership', () => {
  it('belongs to nobody at first, then to one at a time, its epoch growing', async () => {
    await using fixture = await makeGitFixture();
    const host = localHost();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote };
    expect(await readOwnership(host, place)).toBeUndefined();
    const first = await claimOwnership(host, { ...place, from: undefined, to: 'pi' });
    expect(first).toMatchObject({ owner: 'pi', epoch: 1 });
    const second = await claimOwnership(host, { ...place, from: first, to: 'vm' });
    expect(second).toMatchObject({ owner: 'vm', epoch: 2 });
    expect(await readOwnership(host, place)).toEqual(second);
    expect(await claimOwnership(host, { ...place, from: first, to: 'vm' })).toEqual(second);
  });

  it('goes to exactly one of those who claim it at once; the others learn who has it', async () => {
    await using fixture = await makeGitFixture();
    const host = localHost();
    const claims = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) =>
        claimOwnership(host, {
          repository: join(fixture.directory, `s${index}`),
          remote: fixture.remote,
          from: undefined,
          to: `host-${index}`,
        }),
      ),
    );
    const won = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
    expect(won).toHaveLength(1);
    const lost: unknown[] = claims.flatMap((claim) => (claim.status === 'rejected' ? [claim.reason] : []));
    const conflict = { code: 'OWNERSHIP_CONFLICT', actual: { owner: won[0]?.owner, epoch: 1 } };
    expect(lost).toMatchObject(Array.from({ length: 7 }, () => conflict));
  });

  it('goes to another who commits between two tries: a conflict, not something unknown', async () => {
    await using fixture = await makeGitFixture();
    const host = localHost();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote };
    const elsewhere = { ...place, ref: 'refs/cutover/elsewhere' };
    const other = await claimOwnership(host, { ...elsewhere, from: undefined, to: 'pi' });
    // The first push finds the ref locked, and the second one finds the other there.
    const hook = `#!/bin/sh
[ -e tried ] && env -u GIT_QUARANTINE_PATH git update-ref refs/cutover/owner ${other.commit}
touch tried
exit 1
`;
    await writeFile(join(fixture.remote, 'hooks/pre-receive'), hook, { mode: 0o755 });
    await expect(claimOwnership(host, { ...place, from: undefined, to: 'vm' })).rejects.toMatchObject({
      code: 'OWNERSHIP_CONFLICT',
      actual: { owner: 'pi', epoch: 1 },
    });
  });

  it('is unknown, and nobody has it, when the remote refuses for good', async () => {
    await using fixture = await makeGitFixture();
    const host = localHost();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote };
    const hook = '#!/bin/sh\necho not you >&2\nexit 1\n';
    await writeFile(join(fixture.remote, 'hooks/pre-receive'), hook, { mode: 0o755 });
    await expect(claimOwnership(host, { ...place, from: undefined, to: 'vm' })).rejects.toMatchObject({
      code: 'OWNERSHIP_UNKNOWN',
      message: expect.stringContaining('not you'),
    });
    expect(await readOwnership(host, place)).toBeUndefined();
  });

  it('is unknown, not absent, when the remote is away', async () => {
    await using fixture = await makeGitFixture();
    const place = {
      repository: join(fixture.directory, 'scratch'),
      remote: join(fixture.directory, 'away.git'),
    };
    await expect(readOwnership(localHost(), place)).rejects.toMatchObject({ code: 'OWNERSHIP_UNKNOWN' });
  });

  it('decides whether loops run: none before it is ours, none after it went to another', async () => {
    await using fixture = await makeGitFixture();
    const host = localHost();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote };
    await using rig = await makeRig({
      loops: { one: { command: ['sleep', '100000'] } },
      ownership: { remote: fixture.remote, owner: 'vm', checkEvery: '100ms' },
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ hold, loops: [loop] }) => hold === 'not-owner' && loop?.state === 'held',
    );
    const ours = await claimOwnership(host, { ...place, from: undefined, to: 'vm' });
    const pid = pidOf(
      await untilRunning(supervisor).then(() =>
        until(
          () => supervisor.status(),
          ({ loops: [loop] }) => loop?.state === 'running',
        ),
      ),
      'one',
    );
    await fixture.git(fixture.directory, 'init', '-q', '--bare', 'other.git');
    await claimOwnership(host, { ...place, from: ours, to: 'pi' });
    await until(
      () => supervisor.status(),
      ({ hold, loops: [loop] }) => hold === 'not-owner' && loop?.pid === undefined,
    );
    await until(
      () => isAlive(pid),
      (alive) => !alive,
    );
    expect(supervisor.status().loops[0]).toMatchObject({ state: 'held', restarts: 0 });
  });

  it('unknown holds what would start, and leaves alone what runs', async () => {
    await using fixture = await makeGitFixture();
    const host = localHost();
    const place = { repository: join(fixture.directory, 'scratch'), remote: fixture.remote };
    await claimOwnership(host, { ...place, from: undefined, to: 'vm' });
    await using rig = await makeRig({
      loops: {
        one: { command: ['sleep', '100000'] },
        two: { command: ['sleep', '100000'], autostart: false },
      },
      ownership: { remote: fixture.remote, owner: 'vm', checkEvery: '100ms' },
    });
    const supervisor = await rig.supervise();
    await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.state === 'running',
    );
    const pid = pidOf(supervisor.status(), 'one');
    await rename(fixture.remote, `${fixture.remote}.away`);
    await until(
      () => supervisor.status(),
      ({ hold }) => hold === 'ownership-unknown',
    );
    await supervisor.want(['two']);
    expect(supervisor.status().loops.map(({ state }) => state)).toEqual(['running', 'held']);
    expect(pidOf(supervisor.status(), 'one')).toBe(pid);
    await rename(`${fixture.remote}.away`, fixture.remote);
    await untilRunning(supervisor);
  });
});
