import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { renderManifest } from '@cutover/secrets';
import { renderFlake } from '../flake.ts';
import { readFlakeTemplate } from '../flake-template.ts';
import { authorityOf } from '../tailnet/tailnet-settings.ts';
import type { World } from '../world/world.ts';
import { hostSettings, repositoryPaths } from './host-settings.ts';

/**
 * Everything in the configuration repository but the encrypted secrets: the flake, the modules, the rig's config, the
 * manifest of the secrets, and the two commands as single files, since the host has Node and nothing from npm.
 */
export async function configurationFiles(world: World): Promise<Map<string, string>> {
  const { settings, rig, rigText, rootKey, secrets } = world;
  const [template, loopsModule, secretsModule, loopsCommand, secretsCommand] = await Promise.all([
    readFlakeTemplate(),
    carried('@cutover/loops/nixos/loops.nix'),
    carried('@cutover/secrets/nixos/secrets.nix'),
    carried('@cutover/loops/bundle'),
    carried('@cutover/secrets/bundle'),
  ]);
  const authority = settings.tailnet && (await authorityOf(settings.tailnet));
  return renderFlake({
    settings: hostSettings(settings, rig.rig, rootKey),
    nixpkgs: settings.nixos.nixpkgs,
    template,
    modules: new Map([
      ['loops.nix', loopsModule],
      ['secrets.nix', secretsModule],
    ]),
    files: new Map([
      ...(authority === undefined ? [] : ([[repositoryPaths.tailnetAuthority, authority]] as const)),
      [repositoryPaths.rig, rigText],
      [repositoryPaths.manifest, `${JSON.stringify(renderManifest(secrets), undefined, 2)}\n`],
      [repositoryPaths.commands.loops, loopsCommand],
      [repositoryPaths.commands.secrets, secretsCommand],
    ]),
  });
}

/** A file that another package carries for this. */
async function carried(specifier: string): Promise<string> {
  return readFile(fileURLToPath(import.meta.resolve(specifier)), 'utf8');
}
