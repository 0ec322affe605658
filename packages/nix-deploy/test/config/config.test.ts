import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';
import * as z from 'zod';

import { ConfigError, parseDeployConfig } from '../../src/config/load.ts';
import { membersOf } from '../../src/config/members.ts';
import { deployConfig } from '../../src/config/schema.ts';

const text = `
defaults:
  flake: git+ssh://forge/orchestrator.git
  confirmTimeout: 90s
  engine: nixos-rebuild
targets:
  box:
    ssh: { host: 10.0.0.7, hostKeys: [ssh-ed25519 AAAA] }
    machineId: 0123456789abcdef0123456789abcdef
    healthChecks:
      - { type: units, units: [ssh.service], timeout: 5s }
  other:
    storePath: /nix/store/00000000000000000000000000000000-nixos-system
    flake: path:/srv/x
`;

describe('nix-deploy.yaml', () => {
  it('gives each target the defaults that it does not change', () => {
    const [box] = membersOf(parseDeployConfig(text), ['box'], 'x.yaml');
    expect(box?.target.name).toBe('box');
    expect(box?.options).toMatchObject({
      source: { flake: 'git+ssh://forge/orchestrator.git' },
      confirmTimeout: 90_000,
      engine: 'nixos-rebuild',
      expect: { machineId: '0123456789abcdef0123456789abcdef' },
      healthChecks: [{ type: 'units', units: ['ssh.service'], timeout: 5000 }],
    });
  });

  it('refuses two sources, an unknown target and an unknown key', () => {
    expect(() => membersOf(parseDeployConfig(text), ['other'], 'x.yaml')).toThrow(ConfigError);
    expect(() => membersOf(parseDeployConfig(text), ['none'], 'x.yaml')).toThrow(
      /there is no target none; there are box, other/,
    );
    expect(() => parseDeployConfig('targets: { a: { shh: {} } }')).toThrow(/shh/);
    expect(() => parseDeployConfig('targets: { a: { engine: make } }')).toThrow(/engine/);
    expect(() => parseDeployConfig('targets: {')).toThrow(ConfigError);
  });

  it('has a JSON Schema that is current', async () => {
    const file = new URL('../../schema/nix-deploy.schema.json', import.meta.url);
    const expected = `${JSON.stringify(z.toJSONSchema(deployConfig, { io: 'input' }), undefined, 2)}\n`;
    if (process.env['CUTOVER_WRITE_SCHEMA'] === '1')
      await (await import('node:fs/promises')).writeFile(file, expected);
    expect(await readFile(file, 'utf8')).toBe(expected);
  });
});
