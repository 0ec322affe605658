import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asUser, localHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { inspectClone } from '../../../src/safe-point/inspect-clone.ts';
import { salvageClone } from '../../../src/safe-point/salvage/salvage-clone.ts';
import { makeGitFixture } from '../../git-fixture.ts';
import { blob, precious } from '../precious.ts';

const host = localHost();

describe('salvage', () => {
  it.each(Object.keys(precious))('keeps %s', async (name) => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const objects = (await precious[name]?.(fixture, path)) ?? [];
    const isSlow = name.includes('hangs');
    const before = isSlow ? undefined : await inspectClone(host, path);
    const salvage = await salvageClone(host, path, { timeout: 8000 });
    expect(salvage).toMatchObject({ pushedTo: 'origin', notKept: [] });
    const kept = await fixture.git(fixture.remote, 'rev-list', '--objects', salvage.ref);
    for (const object of objects) expect(kept).toContain(object);
    expect(await fixture.git(path, 'fsck', '--no-dangling')).not.toMatch(/error|missing|corrupt/);
    // What was kept, here or in a repository inside, is not itself something to be kept.
    const after = isSlow ? undefined : await inspectClone(host, path);
    for (const reason of after?.reasons ?? []) expect(before?.reasons).toContainEqual(reason);
  });

  it('names what it could not keep', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    await writeFile(join(path, 'closed'), 'a secret of another user');
    await chmod(join(path, 'closed'), 0o600);
    await blob(fixture, path, 'open');
    for (const folder of [fixture.directory, path]) await chmod(folder, 0o777);
    await host.run(['chown', '-R', 'nobody', path, fixture.remote]);
    await chown(join(path, 'closed'), 0, 0);
    const salvage = await salvageClone(asUser(host, 'nobody'), path, { push: false });
    expect(salvage.notKept).toEqual([expect.stringContaining('closed')]);
    await host.run(['chown', '-R', 'root', path]);
    expect(await fixture.git(path, 'show', `${salvage.ref}:open`)).toBe('only here: open');
    expect(await readFile(join(path, 'closed'), 'utf8')).toBe('a secret of another user');
  });

  it('names the files of git-lfs, which its push without hooks does not upload, also where the hook is there', async () => {
    await using fixture = await makeGitFixture();
    const path = await fixture.clone('work');
    const hook = join(path, '.git', 'hooks', 'pre-push');
    await writeFile(hook, '#!/bin/sh\ngit lfs pre-push "$@" # git-lfs\n', { mode: 0o755 });
    expect((await salvageClone(host, path)).notKept).toEqual([]);
    const folder = join(path, '.git', 'lfs', 'objects', 'ab', 'cd');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'abcd'), 'large');
    const { pushedTo, notKept } = await salvageClone(host, path);
    expect(pushedTo).toBe('origin');
    expect(notKept).toEqual([expect.stringContaining('git lfs push --all')]);
  });
});
