import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeGitFixture } from '../../git-fixture.ts';
import { makeRig, until, untilRunning } from '../../rig.ts';

const agent = { command: ['sleep', '1000'] };

describe('what a clone alone holds', () => {
  it('is kept when its loop is stopped or begins a new session, is pushed, and is not kept twice', async () => {
    await using fixture = await makeGitFixture();
    const clone = await fixture.clone('work');
    await using rig = await makeRig({ loops: { one: { ...agent, clone } } });
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    const salvaged = () => rig.events.filter((event) => event.type === 'salvaged');
    await supervisor.restart(['one']);
    expect(salvaged()).toEqual([]);

    await writeFile(join(clone, 'untracked'), 'half done');
    await supervisor.restart(['one'], true);
    const [first] = await until(salvaged, (events) => events.length > 0);
    expect(await fixture.git(clone, 'show', `${first?.ref}:untracked`)).toBe('half done');
    await until(
      () => fixture.git(fixture.remote, 'for-each-ref', '--format=%(refname)', 'refs/salvage/'),
      (refs) => refs === first?.ref,
    );
    await supervisor.unwant(['one']);
    expect(salvaged()).toHaveLength(1);

    await writeFile(join(clone, 'untracked'), 'more of it');
    await supervisor.want(['one']);
    await untilRunning(supervisor);
    expect(salvaged()).toHaveLength(1);
    await supervisor.unwant(['one']);
    expect(await fixture.git(clone, 'show', `${salvaged()[1]?.ref}:untracked`)).toBe('more of it');
    expect(await readdir(clone)).toContain('untracked');
  }, 180_000);

  it('keeps a new session from beginning while it cannot be kept', async () => {
    await using fixture = await makeGitFixture();
    const clone = await fixture.clone('work');
    await using rig = await makeRig({
      loops: { one: { ...agent, clone, restart: { initialDelay: '10ms', maxDelay: '50ms' } } },
    });
    const supervisor = await rig.supervise();
    await untilRunning(supervisor);
    await writeFile(join(clone, 'untracked'), 'half done');
    const objects = join(clone, '.git', 'objects');
    await rm(objects, { recursive: true });
    await writeFile(objects, 'in the way');
    await supervisor.restart(['one'], true);
    const { loops } = await until(
      () => supervisor.status(),
      ({ loops: [loop] }) => loop?.reason?.includes('no new session begins') === true,
    );
    expect(loops[0]?.pid).toBeUndefined();
    expect(rig.events.some(({ type }) => type === 'salvage-failed')).toBe(true);
  }, 180_000);
});
