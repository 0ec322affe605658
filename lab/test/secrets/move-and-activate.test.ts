import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSecretsConfig, renderManifest } from '@cutover/secrets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServices } from './units.ts';
import { type World, at, isBuilt, openWorld, place, token } from './world.ts';

describe.skipIf(!isBuilt)('secrets on two hosts', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
    const { old, repository } = world;
    await place(old.host, '/srv/old/env', `TOKEN=${token}\n`);
    await place(old.host, '/srv/old/blob', Buffer.from([0, 255, 10, 13, 200, 201, 202, 203, 204]));
    await writeFile(
      join(repository, 'secrets.yaml'),
      JSON.stringify({
        secrets: [
          {
            name: 'env',
            kind: 'env',
            source: { host: 'old', path: '/srv/old/env' },
            file: 'secrets/env.sops',
            path: '/srv/cc-ci/.testenv',
            owner: 'nobody',
            mode: '0440',
            restartUnits: ['cron.service'],
          },
          { name: 'blob', source: { host: 'old', path: '/srv/old/blob' }, file: 'secrets/blob.sops' },
        ],
      }),
    );
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('a destination that does not answer ends a move before anything is written, and is unknown to a verification', async () => {
    const { secrets, old, box, repository } = world;
    const nobody = `${at(box)}:9`;
    const moved = await secrets('move', '--from', at(old), '--to', nobody, '--json');
    expect(moved).toMatchObject({ code: 1, stderr: expect.stringContaining(box.address) });
    expect(JSON.parse(moved.stdout)).toMatchObject({ error: { code: 'CONNECTION_FAILED' } });
    expect(execFileSync('git', ['-C', repository, 'status', '--porcelain'], { encoding: 'utf8' })).toBe(
      '?? secrets.yaml\n',
    );
    const verified = await secrets('verify', '--to', nobody);
    expect(verified).toMatchObject({ code: 10, stderr: '' });
    expect(verified.stdout.split('\n').filter((line) => / {2}\?( {2,}\?){4}$/.test(line))).toHaveLength(2);
    expect(verified.stdout).toMatch(/→ .*verify again when that is fixed/);
  });

  test('the commands move secrets over ssh into a repository and, by the bundle alone, to their runtime paths on memory', async () => {
    const { secrets, old, box, repository } = world;
    const verify = () => secrets('verify', '--from', at(old), '--to', at(box));
    const move = () => secrets('move', '--from', at(old), '--to', at(box), '--json');
    const said: string[] = [];
    const first = await move();
    said.push(first.stdout, first.stderr);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toMatchObject({
      bootstrapKey: { outcome: 'placed', path: '/var/lib/cutover/age-key.txt' },
      commit: { outcome: 'committed' },
    });
    expect((await box.host.run(['stat', '-c', '%a %U %F', '/var/lib/cutover/age-key.txt'])).stdout).toBe(
      '400 root regular file\n',
    );

    const missing = await verify();
    said.push(missing.stdout, missing.stderr);
    expect(missing).toMatchObject({ code: 10, stderr: '' });
    expect(missing.stdout).toMatch(/^env +\S+ +✓ +✗ +✗ +✗ +✗$/m);
    expect(missing.stdout).toContain('→ /srv/cc-ci/.testenv is not on ');

    const config = await loadSecretsConfig(join(repository, 'secrets.yaml'));
    for (const file of ['env.sops', 'blob.sops'])
      await place(box.host, `/opt/secrets/${file}`, await readFile(join(repository, 'secrets', file)));
    await place(box.host, '/opt/secrets/manifest.json', JSON.stringify(renderManifest(config)));
    const activate = async (): Promise<unknown> => {
      const argv = ['node', '/opt/secrets.js', 'activate', '/opt/secrets/manifest.json', '--json'];
      return JSON.parse((await box.host.run(argv)).stdout);
    };
    expect(await activate()).toMatchObject({
      generation: 1,
      backing: 'ramfs',
      added: ['env', 'blob'],
      restarted: [],
    });
    expect(
      (await box.host.run(['stat', '-c', '%a %U:%G', '/run/secrets.d', '/run/secrets.d/1'])).stdout,
    ).toBe('751 root:nogroup\n'.repeat(2));
    // What is on memory is gone after a reboot; the bootstrap key is not, and brings it back.
    await box.host.run(['umount', '-l', '/run/secrets.d']);
    await box.host.run(['rm', '-rf', '/run/secrets', '/run/secrets.d']);
    expect(await activate()).toMatchObject({ generation: 1, added: ['env', 'blob'] });

    const well = await verify();
    said.push(well.stdout, well.stderr);
    expect(well).toMatchObject({ code: 0, stderr: '' });
    expect(well.stdout).not.toMatch(/[✗?→]/);
    const again = await move();
    expect(JSON.parse(again.stdout)).toMatchObject({
      bootstrapKey: { outcome: 'kept' },
      commit: { outcome: 'unchanged' },
    });

    await box.host.run(['chmod', '0444', '/srv/cc-ci/.testenv']);
    expect(await verify()).toMatchObject({
      code: 10,
      stdout: expect.stringContaining('has mode 444, not 0440'),
    });
    expect(said.join('')).not.toContain(token);
  });

  test('a scan over ssh finds on a host what a deleted branch left of a known secret', async () => {
    const { secrets, old, box } = world;
    const repository = '/srv/leaky';
    const git = (...args: string[]) => box.host.run(['git', '-C', repository, ...args]);
    const author = ['-c', 'user.name=Lab', '-c', 'user.email=lab@example.org'];
    await box.host.run(['git', 'init', '-q', '-b', 'main', repository]);
    await git(...author, 'commit', '-q', '--allow-empty', '-m', 'Start');
    await git('checkout', '-q', '-b', 'debug');
    await place(box.host, `${repository}/debug.log`, Buffer.from(`x ${token} y`).toString('base64'));
    await git('add', '.');
    await git(...author, 'commit', '-q', '-m', 'Log');
    await git('checkout', '-q', 'main');
    await git('branch', '-q', '-D', 'debug');
    const found = await secrets('scan', repository, '--host', at(box), '--from', at(old), '--json');
    expect(found).toMatchObject({ code: 10, stderr: '' });
    expect(JSON.parse(found.stdout)).toMatchObject({
      findings: [expect.objectContaining({ secret: 'env', encoding: 'base64', type: 'blob' })],
    });
    expect(found.stdout).not.toContain(token);
  });

  test('the units of what changed are restarted or reloaded by systemd, and a bad secret is taken back', async () => {
    const services = await startServices(world.box.host);
    expect(await services.look()).toEqual({ one: 'active 1 a', two: 'active 1 a', idle: 'inactive 0' });
    const owned = ['stat', '-c', '%U:%G %u:%g', '/run/own/one', '/run/own/two'];
    expect((await world.box.host.run(owned)).stdout).toMatch(/^nobody:daemon .*\n\S+ 12:34\n$/);
    await services.write({ one: 'b', two: 'b', idle: 'b' });
    const restarted = ['one.service', 'idle.service'];
    expect(await services.activate()).toMatchObject({
      exitCode: 0,
      report: { generation: 2, restarted, reloaded: ['two.service'], queued: false },
    });
    expect(await services.look()).toEqual({ one: 'active 2 b', two: 'active 1 b', idle: 'inactive 0' });

    await services.write({ one: 'bad', two: 'c', idle: 'b' });
    expect(await services.activate()).toMatchObject({
      exitCode: 1,
      report: {
        error: {
          code: 'ACTIVATION_FAILED',
          message: 'one.service did not take up generation 3; the one before is back',
        },
      },
    });
    expect(await services.look()).toEqual({ one: 'active 3 b', two: 'active 1 b', idle: 'inactive 0' });
    await services.write({ one: 'c', two: 'bad', idle: 'b' });
    expect(await services.activate()).toMatchObject({ exitCode: 1 });
    expect(await services.look()).toEqual({ one: 'active 5 b', two: 'active 1 b', idle: 'inactive 0' });

    // Waiting for units that wait for this one would never end.
    await services.write({ one: 'd', two: 'd', idle: 'b' });
    await services.activateInService();
    await expect
      .poll(() => services.look())
      .toEqual({ one: 'active 6 d', two: 'active 1 d', idle: 'inactive 0' });

    // In a switch of NixOS the units are its own to restart: they are listed for it.
    await services.write({ one: 'e', two: 'd', idle: 'b' });
    const lists = async (): Promise<string> =>
      (await world.box.host.run(['sh', '-c', 'cd /run/nixos && head *'])).stdout;
    expect(await services.activate('dry-activate')).toMatchObject({ exitCode: 0, report: { dry: true } });
    expect(await lists()).toBe('one.service\n');
    expect(await services.activate('switch')).toMatchObject({ exitCode: 0, report: { dry: false } });
    expect(await lists()).toBe(
      ['activation', 'dry-activation']
        .map((name) => `==> ${name}-restart-list <==\none.service\n`)
        .join('\n'),
    );
    expect(await services.look()).toMatchObject({ one: 'active 6 d' });
  });
});
