// The packages as npm would publish them: a tarball of each, what it depends on of this workspace, and a digest of all that.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Each package of a checkout that is published, with its folder and its package.json. */
export function publishedPackages(checkout = '.') {
  return readdirSync(join(checkout, 'packages'))
    .map((name) => join(checkout, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/**
 * Packs all of them into `directory`.
 *
 * @returns for each its name, its manifest, its tarball with the paths in it, and what a consumer installs: that tarball, and
 * those of the packages of this workspace that it depends on, since no registry has them yet.
 */
export function packAll(packages, directory) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory];
  const folders = packages.flatMap(({ folder }) => ['-w', folder]);
  const output = execFileSync('npm', [...args, ...folders], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 5 * 60_000,
    maxBuffer: 1 << 26,
  });
  const packed = new Map(Object.values(JSON.parse(output)).map((one) => [one.name, one]));
  const manifests = new Map(packages.map(({ manifest }) => [manifest.name, manifest]));
  return packages.map(({ manifest }) => {
    const names = [...closure(manifest.name, manifests)];
    return {
      name: manifest.name,
      manifest,
      tarball: join(directory, packed.get(manifest.name).filename),
      files: packed.get(manifest.name).files.map(({ path }) => path),
      optionalPeers: optionalPeersOf(manifest.name, manifests),
      specs: names.map((name) => join(directory, packed.get(name).filename)),
      digest: createHash('sha256')
        .update(names.map((name) => packed.get(name).integrity).join('\n'))
        .digest('hex'),
    };
  });
}

/** The peers that a package, or what it depends on here, works with and does not need. `manifests`: by name. */
export function optionalPeersOf(name, manifests) {
  const peers = [...closure(name, manifests)].flatMap((one) =>
    Object.entries(manifests.get(one).peerDependenciesMeta ?? {}).flatMap(([peer, { optional }]) =>
      optional === true ? [peer] : [],
    ),
  );
  return [...new Set(peers)];
}

function closure(name, manifests, into = new Set()) {
  if (into.has(name) || !manifests.has(name)) return into;
  into.add(name);
  for (const dependency of Object.keys(manifests.get(name).dependencies ?? {}))
    closure(dependency, manifests, into);
  return into;
}
