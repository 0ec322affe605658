// A release tried out from end to end: in a clone of what is committed, the pending changesets become versions, the packages are
// built twice with the same bytes, and `changeset publish` brings them to a registry of our own. From there each one is installed
// as a stranger does it. Nothing of it reaches npm, nor this checkout.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { publishedPackages } from '../consumers/tarballs.mjs';
import { publishAndInstall } from '../release/publish-and-install.mjs';
import { run } from '../release/run.mjs';

const started = Date.now();
const work = mkdtempSync(join(tmpdir(), 'cutover-release-'));
try {
  const found = await tryRelease();
  for (const line of found) console.log(line);
  if (found.length > 0) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function tryRelease() {
  const clone = join(work, 'clone');
  await run('git', ['clone', '--quiet', '.', clone]);
  await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], clone);
  await run('npm', ['run', 'version-packages'], clone);
  const packages = publishedPackages(clone);
  const mistaken = [...checkVersions(packages), ...checkChangelogs(packages)];
  if (mistaken.length > 0) return mistaken;
  const commit = await commitVersions(clone);
  progress(packages.map(({ manifest }) => `${manifest.name} ${manifest.version}`).join(', '));

  const before = await build(clone);
  const moved = join(work, 'another place', 'with a longer name');
  mkdirSync(dirname(moved));
  renameSync(clone, moved);
  const after = await build(moved);
  const files = [...new Set([...before.keys(), ...after.keys()])];
  const differing = files.filter((file) => before.get(file) !== after.get(file));
  if (differing.length > 0) return differing.map((file) => `two builds of one commit differ in ${file}`);
  progress(`built twice: ${files.length} files with the same bytes`);
  return await publishAndInstall(moved, commit, progress);
}

/** That none is a placeholder, and that each names the versions of the others that it was tested with. */
function checkVersions(packages) {
  const versions = new Map(packages.map(({ manifest }) => [manifest.name, manifest.version]));
  return packages.flatMap(({ manifest: { name, version, dependencies = {} } }) => [
    ...(version === '0.0.0' ? [`${name} has no changeset, and stays at 0.0.0`] : []),
    ...Object.entries(dependencies)
      .filter(([other, range]) => versions.has(other) && range !== `^${versions.get(other)}`)
      .map(([other, range]) => `${name} depends on ${other} ${range}, which is ${versions.get(other)} now`),
  ]);
}

function checkChangelogs(packages) {
  return packages.flatMap(({ folder, manifest: { name, version } }) => {
    const path = join(folder, 'CHANGELOG.md');
    const told = existsSync(path) && readFileSync(path, 'utf8').includes(`\n## ${version}\n`);
    return told ? [] : [`${name}: CHANGELOG.md does not tell of ${version}`];
  });
}

/** Where all changesets were released already, there is nothing to commit. */
async function commitVersions(clone) {
  const names = ['-c', 'user.name=release', '-c', 'user.email=release@example.org'];
  await run('git', ['add', '--all'], clone);
  await run('git', [...names, 'commit', '--quiet', '--allow-empty', '--message', 'Version packages'], clone);
  return (await run('git', ['rev-parse', 'HEAD'], clone)).slice(0, 7);
}

/** Builds all of it without what earlier builds left in the cache, and gives a digest of each file that is published. */
async function build(clone) {
  const turbo = ['turbo', 'run', 'build', '--force', '--filter=./packages/*', '--output-logs=errors-only'];
  await run('npx', turbo, clone, { TURBO_TELEMETRY_DISABLED: '1' });
  const digests = publishedPackages(clone).flatMap(({ folder, manifest }) =>
    readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
        return [`${manifest.name}${path.slice(folder.length)}`, digest];
      }),
  );
  return new Map(digests);
}

function progress(what) {
  console.log(`${((Date.now() - started) / 1000).toFixed(0)} s  ${what}`);
}
