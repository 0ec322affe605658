import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { override } from '../../../src/commands/shared/override.ts';
import { chosenMembers } from '../../../src/commands/shared/chosen-members.ts';
import { parseDeployConfig } from '../../../src/config/load.ts';

const config = parseDeployConfig(`
defaults: { flake: 'path:/srv/a', engine: nixos-rebuild }
targets:
  web: { ssh: { host: 10.0.0.7 } }
  builder: { ssh: { host: 10.0.0.8, user: build, jump: { host: bastion } } }
  self: {}
`);
const shared = { config: 'nix-deploy.yaml' };

describe('the command line over the config file', () => {
  it('says another source in place of the one there', () => {
    const { targets } = override(config, [], {
      ...shared,
      storePath: '/nix/store/00000000000000000000000000000000-x',
    });
    expect(targets['web']).toMatchObject({ storePath: '/nix/store/00000000000000000000000000000000-x' });
    expect(targets['web']).not.toHaveProperty('flake', 'path:/srv/a');
  });

  it.each([
    ['target', 'target'],
    ['here', 'here'],
    ['builder', 'builder'],
    ['me@[fe80::1]:2222', { ssh: { host: 'fe80::1', user: 'me', port: 2222, privateKey: '/key' } }],
  ])('builds on %s', (place, buildOn) => {
    const { targets } = override(config, [], { ...shared, buildOn: place, identity: '/key' });
    expect(targets['web']).toMatchObject({ flake: 'path:/srv/a', engine: 'nixos-rebuild', buildOn });
  });

  it('names what --build-on may be when it is none of them', () => {
    expect(() => override(config, [], { ...shared, buildOn: 'nowhere' })).toThrow(
      /--build-on nowhere is neither target, here, a name in the config file, nor user@host/,
    );
  });

  it('takes a flake with its configuration, as nixos-rebuild does', async () => {
    const { targets } = override(config, [], { ...shared, flake: '.#one' });
    expect(targets['web']).toMatchObject({ flake: '.', configuration: 'one' });
    const { members } = await chosenMembers(['root@10.0.0.7'], { ...shared, flake: 'path:/x#one' });
    expect(members[0]?.options.source).toEqual({ flake: 'path:/x', configuration: 'one' });
    expect(() => override(config, [], { ...shared, flake: '.#one', configuration: 'two' })).toThrow(
      /name the configuration once/,
    );
  });

  it.each([{ flake: '.#one' }, { flake: '.', configuration: 'one' }, { storePath: 'one' }])(
    'does not make all targets the same because none is named: %j',
    async (system) => {
      const file = join(await mkdtemp(join(tmpdir(), 'nix-deploy-')), 'nix-deploy.yaml');
      onTestFinished(async () => await rm(dirname(file), { recursive: true }));
      await writeFile(file, 'targets: { web: {}, db: {} }\n');
      await expect(chosenMembers([], { config: file, ...system })).rejects.toThrow(
        /name the targets that are to be one; without a name it is each of web, db/,
      );
    },
  );

  it('refuses before anything is begun what contradicts itself', async () => {
    const options = {
      ...shared,
      flake: 'path:/x',
      engine: 'nixos-rebuild',
      buildOn: 'target',
      evaluateOn: 'here',
    } as const;
    await expect(chosenMembers(['root@10.0.0.7'], options)).rejects.toThrow(
      /nixos-rebuild evaluates where it is run/,
    );
  });
});
