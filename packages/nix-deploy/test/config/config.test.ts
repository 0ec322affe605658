import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';

import { ConfigError, loadDeployConfig, parseDeployConfig } from '../../src/config/load.ts';
import { membersOf } from '../../src/config/members.ts';
import { deployConfig } from '../../src/config/schema.ts';

const built = '/nix/store/00000000000000000000000000000000-nixos-system';
const text = `
defaults:
  flake: git+ssh://forge/orchestrator.git
  confirmTimeout: 1.5m
  engine: nixos-rebuild
targets:
  box:
    ssh: { host: 10.0.0.7, hostKeys: [ssh-ed25519 AAAA] }
    machineId: 0123456789abcdef0123456789abcdef
    minFree: { store: 2GiB }
    healthChecks:
      - { type: units, units: [ssh.service], timeout: 5s }
  other:
    storePath: ${built}
`;

describe('nix-deploy.yaml', () => {
  it('gives each target the defaults that it does not change', () => {
    const [box, other] = membersOf(parseDeployConfig(text));
    expect(box?.target.name).toBe('box');
    expect(box?.options).toMatchObject({
      source: { flake: 'git+ssh://forge/orchestrator.git' },
      confirmTimeout: 90_000,
      engine: 'nixos-rebuild',
      expect: { machineId: '0123456789abcdef0123456789abcdef' },
      minFree: { store: 2 * 1024 ** 3 },
      healthChecks: [{ type: 'units', units: ['ssh.service'], timeout: 5000 }],
    });
    expect(other?.options.source).toEqual({ storePath: built });
  });

  it('is told by name that it has no such target', () => {
    expect(() => membersOf(parseDeployConfig(text), ['none'])).toThrow(
      /there is no target none in the config file; its targets are: box, other/,
    );
  });

  it('builds on another of its targets by its name, which has to be one', () => {
    const builder =
      'targets: { web: { buildOn: builder }, builder: { ssh: { host: 10.0.0.8 } }, db: { buildOn: self }, self: {} }';
    const places = membersOf(parseDeployConfig(builder)).map(({ options }) => options.buildOn);
    expect(places).toMatchObject([{ name: 'builder' }, undefined, 'here', undefined]);
    const mistakes =
      'defaults: { buildOn: bilder }\ntargets:\n  web:\n    buildOn: web2\nfleet: { canaries: [wbe] }\n';
    expect(() => parseDeployConfig(mistakes, 'x.yaml')).toThrow(
      expect.objectContaining({
        message: [
          'x.yaml:1:13: defaults.buildOn: there is no target bilder; it is one of target, here, web',
          'x.yaml:4:5: targets.web.buildOn: there is no target web2; it is one of target, here, web',
          'x.yaml:5:21: fleet.canaries.0: there is no target wbe; it is one of web',
        ].join('\n'),
      }),
    );
  });

  it('names the line and column of every mistake, and what would be right', () => {
    const mistakes = [
      'targets:',
      '  a:',
      '    shh: { host: a }',
      '    engine: make',
      '  b:',
      '    confirmTimeout: soon',
      '    flake: path:/srv/x',
      `    storePath: ${built}`,
    ].join('\n');
    expect(() => parseDeployConfig(mistakes, 'x.yaml')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: [
          'x.yaml:4:5: targets.a.engine: must be "nix" or "nixos-rebuild"',
          'x.yaml:3:5: targets.a.shh: there is no such key in targets.a',
          'x.yaml:6:5: targets.b.confirmTimeout: a duration is a number with ms, s, m, h or d, e.g. 60s',
          'x.yaml:8:5: targets.b.storePath: a target has a flake or a storePath, not both',
        ].join('\n'),
      }),
    );
    expect(() => parseDeployConfig('targets: {')).toThrow(ConfigError);
  });

  it('finds its files beside itself, and names those that are missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nix-deploy-'));
    onTestFinished(async () => await rm(folder, { recursive: true }));
    const path = join(folder, 'nix-deploy.yaml');
    await writeFile(join(folder, 'key'), '');
    await writeFile(
      path,
      'targets:\n  a:\n    ssh: { host: a, privateKey: key, jump: { host: b, knownHosts: known } }\n',
    );
    await expect(loadDeployConfig(path)).rejects.toThrow(
      `${path}:3:55: targets.a.ssh.jump.knownHosts: the file ${join(folder, 'known')} is missing`,
    );
    await writeFile(join(folder, 'known'), '');
    const { targets } = await loadDeployConfig(path);
    expect(targets['a']?.ssh?.privateKey).toBe(join(folder, 'key'));
    await expect(loadDeployConfig(join(folder, 'none'))).rejects.toThrow(
      /none: there is no such file; name it with --config, or give the target as user@host/,
    );
  });

  it('says of a name or a time that cannot be where it is', () => {
    const mistaken = `
targets:
  a: { storePath: /nix/store/x }
  b:
    configuration: a b
    profile: ../x
    specialisation: night shift
    confirmTimeout: 500ms
    healthChecks: [{ type: unit, units: [x] }]
`;
    expect(() => parseDeployConfig(mistaken, 'x.yaml')).toThrow(
      expect.objectContaining({
        message: [
          'x.yaml:3:8: targets.a.storePath: must be a store path, e.g. /nix/store/<hash>-nixos-system-web',
          'x.yaml:5:5: targets.b.configuration: the name of a configuration has letters, digits, ., _ and -',
          'x.yaml:6:5: targets.b.profile: must be the name of a profile or an absolute path',
          'x.yaml:7:5: targets.b.specialisation: the name of a specialisation has letters, digits, ., _, + and -',
          'x.yaml:8:5: targets.b.confirmTimeout: must be at least 1s',
          'x.yaml:9:22: targets.b.healthChecks.0.type: must be command, http, units or port',
        ].join('\n'),
      }),
    );
  });

  it('has a JSON Schema that is current', async () => {
    const file = new URL('../../schema/nix-deploy.schema.json', import.meta.url);
    const expected = `${JSON.stringify(z.toJSONSchema(deployConfig, { io: 'input' }), undefined, 2)}\n`;
    if (process.env['CUTOVER_WRITE_SCHEMA'] === '1') await writeFile(file, expected);
    expect(await readFile(file, 'utf8')).toBe(expected);
  });
});
