import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadConfig } from '@cutover/cutover-scripts';
import { ensureAbsent, incusHost } from '@cutover/incus-client';
import { loadRigConfig } from '@cutover/loops';
import { loadSecretsConfig } from '@cutover/secrets';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { openLab } from '../../src/index.ts';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '../../../examples');

const flake = (name: string): string => `{
  inputs.nixpkgs.url = "path:/srv/nixpkgs";
  outputs = { nixpkgs, ... }: {
    nixosConfigurations.${name} = nixpkgs.lib.nixosSystem {
      system = "x86_64-linux";
      modules = [ { networking.hostName = "${name}"; system.stateVersion = "24.11"; environment.etc."greeting".text = "hello"; } ];
    };
  };
}
`;

describe('examples', () => {
  it('has config files that can be used as they are', async () => {
    const { name, old } = await loadConfig(join(examples, 'cutover/cutover.yaml'));
    const rig = await loadRigConfig(join(examples, 'cutover/loops.yaml'));
    const secrets = await loadSecretsConfig(join(examples, 'cutover/secrets.yaml'));
    expect(rig.ownership?.owner).toBe(name);
    expect(rig.loops.map((loop) => loop.name)).toContain('orchestrator');
    expect(secrets.secrets.every(({ source }) => source.host === old.name)).toBe(true);
  });

  it('shows that script in the README as it is', async () => {
    const source = await readFile(join(examples, 'deploy-instance.ts'), 'utf8');
    const [, , ...body] = source.trimEnd().split('\n');
    expect(await readFile(join(examples, '../README.md'), 'utf8')).toContain(body.join('\n'));
  });

  it('has a script that makes an instance and deploys to it', async () => {
    await using lab = await openLab();
    const name = 'example-instance';
    const folder = await mkdtemp(join(tmpdir(), 'cutover-example-'));
    try {
      await writeFile(join(folder, 'flake.nix'), flake(name));
      await run('git', ['init', '--quiet', folder]);
      await run('git', ['-C', folder, 'add', '--all']);
      const author = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
      await run('git', ['-C', folder, ...author, 'commit', '--quiet', '--message', 'Say hello']);
      // Node 20 knows neither types nor `await using`; the packages are the built ones, as their users have them.
      const source = await readFile(join(examples, 'deploy-instance.ts'), 'utf8');
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const script = join(examples, 'deploy-instance.test.mjs');
      await writeFile(script, ts.transpileModule(source, { compilerOptions }).outputText);
      const { stdout } = await run('node', [script, name, folder], {
        env: { ...process.env, INCUS_SOCKET: lab.folders.socket },
      });
      expect(stdout).toMatch(/runs generation 1: \/nix\/store\//);
      await using host = incusHost(lab.client, name);
      expect((await host.run(['cat', '/etc/greeting'])).stdout).toBe('hello');
    } finally {
      await ensureAbsent(lab.client, name);
      await rm(folder, { recursive: true, force: true });
      await rm(join(examples, 'deploy-instance.test.mjs'), { force: true });
    }
  }, 300_000);
});
