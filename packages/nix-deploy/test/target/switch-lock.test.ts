import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { localHost } from '@cutover/host';
import { beforeAll, expect, it } from 'vitest';

import switchLockScript from '../../src/target/switch-lock.sh';

const host = localHost();
const path = '/run/nixos/switch-to-configuration.lock';
let canMount = false;
beforeAll(async () => {
  canMount = (await host.run(['unshare', '--mount', 'true'], { reject: false })).exitCode === 0;
});

/** What is said of the lock while another program holds `held`; the lock itself is on a file system of its own. */
async function holderWhile(held: 'lock' | 'other'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'switch-lock-'));
  try {
    for (const name of ['lock', 'other']) await mkdir(join(folder, name));
    // The first file of each has the same inode number.
    const text = `
      for name in lock other; do mount -t tmpfs none "$1/$name"; : > "$1/$name/file"; done
      ${switchLockScript.replaceAll(path, '$1/lock/file')}
      flock "$1/$2/file" sh -c 'echo held; exec sleep 20' > "$1/other/said" &
      until grep -q held "$1/other/said"; do sleep 0.02; done
      switch_lock_holder "$1"
      kill $!`;
    const argv = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
    return (await host.run([...argv, 'sh', '-c', text, 'sh', folder, held])).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

it('names who holds the lock of switch-to-configuration, and no process for a file of the same number elsewhere', async ({
  skip,
}) => {
  if (!canMount) skip();
  expect(await holderWhile('lock')).toMatch(/^process \d+, flock /);
  expect(await holderWhile('other')).toBe('');
});
