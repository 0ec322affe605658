import { localHost } from '@cutover/host';
import { access, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import {
  commitSecrets,
  loadSecretsConfig,
  proveDecryptable,
  readBootstrapIdentities,
} from '../../src/index.ts';
import { git } from '../git.ts';
import { type Ended, ended, secretsCommand } from '../secrets-command.ts';
import { soak } from '../soak.ts';
import { type MoveWorld, moveWorld, shim } from './world.ts';

const asRoot = process.getuid?.() === 0;
const secrets = secretsCommand();

const content = { one: 'first secret\n', two: 'second\0secret', token: 'third secret\n' };
const move = (world: MoveWorld): string[] => ['move', '--from', 'local', '--to', 'local', '-c', world.config];

/**
 * Runs the move again and looks at everything that it should have come to.
 *
 * @param over - a file that is there once nothing of the killed one works any more.
 */
async function expectConverged(world: MoveWorld, over?: string): Promise<void> {
  const again: Ended = await secrets.run([...move(world), '--json']);
  if (over !== undefined) await vi.waitFor(() => access(over), { timeout: 30_000 });
  expect(again).toMatchObject({ code: 0, stderr: '' });
  for (const [name, text] of Object.entries(content))
    expect(await readFile(join(world.source, name), 'utf8')).toBe(text);
  await using host = localHost();
  const config = await loadSecretsConfig(world.config);
  const identities = await readBootstrapIdentities(host, world.bootstrapKey);
  const proofs = await proveDecryptable(world.repository, config.secrets, identities);
  expect(proofs.filter(({ ok }) => !ok)).toEqual([]);
  expect(git(world.repository, 'status', '--porcelain')).toBe('');
  // Nothing half is left beside the files, nor a lock.
  const names = (await readdir(world.root, { recursive: true })).filter((name) =>
    /\.(?:tmp|lock)$/.test(name),
  );
  expect(names).toEqual([]);
  const { commit } = JSON.parse(again.stdout) as { commit: { commit: string } };
  expect(commit.commit).toBe(git(world.repository, 'rev-parse', 'HEAD').trim());
}

describe.runIf(asRoot)('move, killed as a process', () => {
  /** The move's calls of git: every one with --soak, else those that change something. */
  const points = soak(14, 0) === 0 ? [3] : Array.from({ length: 14 }, (_, index) => index + 1);

  test.each(points)(
    'at its call of git number %i, which lives on, converges when run again',
    async (point) => {
      const world = await moveWorld(content);
      const bin = join(world.root, 'bin');
      // git begins its work when the move is dead, and holds its lock for a while.
      await shim(
        bin,
        'git',
        `echo >> ${world.root}/calls
[ $(wc -l < ${world.root}/calls) = ${point} ] && { kill -9 $PPID; sleep 0.3; $real "$@"; : > ${world.root}/over; exit; }
exec $real "$@"`,
      );
      const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
      const child = secrets.start(move(world), { env, stdio: 'ignore' });
      const { signal, code } = await ended(child);
      // There may be fewer calls than points.
      expect(signal ?? code).toBe(signal === null ? 0 : 'SIGKILL');
      await expectConverged(world, signal === null ? undefined : join(world.root, 'over'));
    },
  );

  test.runIf(soak(1, 0))(
    'at any moment converges when run again',
    async () => {
      const world = await moveWorld(content);
      const started = performance.now();
      await secrets.run(move(world));
      const whole = performance.now() - started;
      for (let round = 0; round < 40; round++) {
        const fresh = await moveWorld(content);
        const child = secrets.start(move(fresh), { stdio: 'ignore' });
        const end = ended(child);
        await setTimeout((whole * round) / 40);
        child.kill('SIGKILL');
        await end;
        await expectConverged(fresh);
      }
    },
    600_000,
  );
});

test('a lock is waited for, and one that stays is named with how to mend it', async () => {
  const world = await moveWorld(content);
  await using host = localHost();
  await writeFile(join(world.repository, 'file'), 'x');
  const lock = join(world.repository, '.git', 'index.lock');
  await writeFile(lock, '');
  await expect(
    commitSecrets(host, world.repository, ['file'], { message: 'One', lockPatience: 0 }),
  ).rejects.toMatchObject({ code: 'REPO_LOCKED', message: expect.stringContaining(`${lock} is there`) });
  const waiting = commitSecrets(host, world.repository, ['file'], { message: 'One' });
  await setTimeout(200);
  await rm(lock);
  await expect(waiting).resolves.toMatchObject({ outcome: 'committed' });
});
