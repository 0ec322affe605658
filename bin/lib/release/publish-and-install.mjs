// The second half of a release's trial.
import { resolve } from 'node:path';
import { consume } from '../consumers/consumer.mjs';
import { nodeOf, nodeVersions } from '../consumers/nodes.mjs';
import { optionalPeersOf, publishedPackages } from '../consumers/tarballs.mjs';
import { twoAtATime } from '../consumers/two-at-a-time.mjs';
import { startRegistry } from './registry.mjs';
import { run } from './run.mjs';
import { strangersNotRun } from './strangers.mjs';

/** Publishes the built packages of a clone, whose commands say `commit`, and gives what does not hold for those who install them. */
export async function publishAndInstall(clone, commit, progress) {
  const registry = await startRegistry();
  const settings = registry.scoped('@cutover');
  try {
    const packages = publishedPackages(clone);
    const all = packages.map(({ manifest: { name, version } }) => `${name}@${version}`).join(' ');
    const before = await unpublished(clone, settings);
    if (before !== all) return [`the workflow would publish ${before || 'nothing'} instead of ${all}`];
    // Not by npx: the shell that it starts drops the variables of npm's settings.
    await run(resolve(clone, 'node_modules', '.bin', 'changeset'), ['publish'], clone, settings);
    const after = await unpublished(clone, settings);
    if (after !== '') return [`the workflow would publish ${after} once more`];
    progress('published');
    const manifests = new Map(packages.map(({ manifest }) => [manifest.name, manifest]));
    const nodes = Object.fromEntries(nodeVersions.map((version) => [version, nodeOf(version)]));
    const found = await twoAtATime(packages, async ({ manifest }) => {
      const { name, version } = manifest;
      const optionalPeers = optionalPeersOf(name, manifests);
      const one = { name, manifest, commit, specs: [`${name}@${version}`], optionalPeers };
      const findings = await consume(one, nodes, settings);
      return findings.map((finding) => `${name}: ${finding}`);
    });
    progress('installed');
    return [...found, ...(await strangersNotRun(packages, registry))];
  } finally {
    await registry.stop();
  }
}

/** What the workflow asks before it publishes. */
async function unpublished(clone, settings) {
  return (await run(process.execPath, ['bin/lib/release/unpublished.mjs'], clone, settings)).trim();
}
