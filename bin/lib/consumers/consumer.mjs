// One consumer: an empty folder outside the checkout, where a package is installed from its tarball and used.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { typeMistakes } from './types.mjs';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** How many packages of others and of this workspace come with each one at most. */
const budgets = {
  '@cutover/host-contract': 0,
  '@cutover/host': 35,
  '@cutover/incus-client': 4,
  '@cutover/secrets': 48,
  '@cutover/nix-deploy': 39,
  '@cutover/loops': 39,
  '@cutover/runbook': 12,
  // It composes all of them.
  '@cutover/cutover-scripts': 75,
};

/**
 * Installs a package as a stranger does and gives what does not hold there.
 *
 * @param specs - what is installed: tarballs, or the package's name and version.
 * @param nodes - paths by version.
 * @param settings - of npm, as environment variables.
 * @param commit - what its commands say beside their version; any by default.
 */
export async function consume({ name, manifest, specs, optionalPeers, commit }, nodes, settings = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-consumer-'));
  try {
    await writeFile(join(folder, 'package.json'), '{"name":"consumer","private":true,"type":"module"}\n');
    // Without their scripts: none of what comes with it has one that must run.
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
    try {
      const env = { ...cleanEnvironment(), ...settings };
      await run('npm', ['install', ...options, ...specs], { cwd: folder, env, timeout: 5 * 60_000 });
    } catch (error) {
      return [`it cannot be installed: ${String(error.stderr || error.message).trim()}`];
    }
    const findings = await checkTree(folder, name);
    const entries = entriesOf(manifest);
    // The package itself needs none of its optional peers; some of its other entries are for those who have them.
    const own = entries.filter((entry) => entry === name);
    for (const [version, node] of Object.entries(nodes))
      findings.push(...(await checkRuns(folder, manifest, commit, own, version, node)));
    await addNodeTypes(folder);
    findings.push(...typeMistakes(folder, own));
    await addOptionalPeers(folder, optionalPeers);
    for (const [version, node] of Object.entries(nodes))
      findings.push(...(await checkImports(folder, entries, version, node)));
    return [...findings, ...typeMistakes(folder, entries)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A shell's own; npm gives what it runs its settings of this checkout. */
function cleanEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([key]) => !/^(?:npm_(?!config_(?:registry|cache))|INIT_CWD|NODE_)/.test(key),
  );
  return Object.fromEntries(kept);
}

/** The names under which a package is imported, but for its files of other kinds. */
function entriesOf({ name, exports }) {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object' && target.types !== undefined)
    .map(([path]) => name + path.slice(1));
}

async function checkTree(folder, name) {
  const { packages } = JSON.parse(await readFile(join(folder, 'node_modules', '.package-lock.json'), 'utf8'));
  const others = Object.keys(packages).filter((path) => path !== `node_modules/${name}`);
  const most = budgets[name];
  if (most === undefined || others.length <= most) return [];
  const names = others.map((path) => path.replace(/.*node_modules\//, '')).sort();
  return [`${others.length} packages come with it, ${most} are allowed: ${names.join(' ')}`];
}

/** That each entry can be imported, says nothing and ends; and that each command shows its help and its version. */
async function checkRuns(folder, { bin = {}, version: released }, commit, entries, version, node) {
  const findings = await checkImports(folder, entries, version, node);
  const told = versionLine(released, commit);
  for (const name of Object.keys(bin)) {
    const command = join(folder, 'node_modules', '.bin', name);
    const attempts = [
      attempt(folder, version, node, `${name} --help`, [command, '--help'], /Usage: /),
      attempt(folder, version, node, `${name} --version`, [command, '--version'], told),
    ];
    findings.push(...(await Promise.all(attempts)).flat());
  }
  return findings;
}

function versionLine(version, commit = '[0-9a-f]{7}(?:-dirty)?') {
  return new RegExp(String.raw`^${version.replaceAll('.', String.raw`\.`)} \(${commit}\)\n$`);
}

async function checkImports(folder, entries, version, node) {
  const script = entries.map((entry) => `await import(${JSON.stringify(entry)});`).join('\n');
  return attempt(folder, version, node, 'to import it', ['--input-type=module', '-e', script], /^$/);
}

async function attempt(folder, version, node, what, args, expected) {
  const env = { PATH: `${dirname(node)}:${process.env.PATH}`, HOME: folder };
  try {
    const { stdout, stderr } = await run(node, args, { cwd: folder, env, timeout: 60_000 });
    if (stderr === '' && expected.test(stdout)) return [];
    return [`on Node ${version}, ${what} says ${JSON.stringify((stderr || stdout).slice(0, 300))}`];
  } catch (error) {
    return [`on Node ${version}, ${what} fails: ${String(error.stderr || error.message).trim()}`];
  }
}

/** From this checkout: what a user of such an entry has, and a stranger has not. */
async function addOptionalPeers(folder, names) {
  for (const name of names) await link(resolve('node_modules', name), join(folder, 'node_modules', name));
}

/** Where a dependency brings it, it is there. */
async function link(target, path) {
  await symlink(target, path).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Who uses TypeScript with Node has these; they are no dependency of a package. */
async function addNodeTypes(folder) {
  const types = dirname(require.resolve('@types/node/package.json'));
  const undici = dirname(createRequire(join(types, 'package.json')).resolve('undici-types/package.json'));
  await mkdir(join(folder, 'node_modules', '@types'), { recursive: true });
  await link(types, join(folder, 'node_modules', '@types', 'node'));
  await link(undici, join(folder, 'node_modules', 'undici-types'));
}
