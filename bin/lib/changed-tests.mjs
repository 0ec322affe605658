// For `bin/test --changed`: the tests of what differs from a commit, one folder or file a line. What is not committed counts.
// Turbo knows the packages that differ, and those that depend on them.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Files that belong to no package and that every test depends on. */
const shared = /^(?:vitest\.config\.ts|tsconfig\.base\.json|shell-scripts\.d\.ts|package-lock\.json)$/;

const base = baseOf(process.argv[2]);
if (base === undefined) {
  const missing = process.argv[2] ?? 'origin/main, nor main';
  console.error(`bin/test: there is no ${missing} to compare with; name a commit: --changed=COMMIT`);
  process.exit(2);
}
const files = changedFiles(base);
const all = files.some((file) => shared.test(file));
const changed = packagesOf(all ? '*' : `[${base}]`);
const affected = packagesOf(all ? '*' : `...[${base}]`);
const tests = [...testsOfPackages(affected), ...testsOfLab(changed, affected), ...testsOfPages(files)];
for (const path of new Set(tests)) console.log(path);

/** Where this branch left the other one: what that got since is no change of this branch. */
function baseOf(named) {
  const refs = named === undefined ? ['origin/main', 'main'] : [named];
  const known = refs.find((ref) => git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`) !== '');
  return known && git('merge-base', known, 'HEAD').trim();
}

function changedFiles(commit) {
  const listed = [git('diff', '--name-only', commit), git('ls-files', '--others', '--exclude-standard')];
  return listed.join('').split('\n');
}

function testsOfPackages(packages) {
  return packages
    .filter((path) => path.startsWith('packages/') && existsSync(join(path, 'test')))
    .map((path) => `${path}/test/`);
}

/** All of them for a change of the lab, or of what it moves rigs with; else those that have the name of a package. */
function testsOfLab(own, dependent) {
  const whole = own.some((path) => path === 'lab' || path === 'packages/cutover-scripts');
  const isMeant = (name) =>
    whole ||
    dependent.includes(`packages/${name}`) ||
    (name === 'packages' && dependent.some((path) => path.startsWith('packages/'))) ||
    own.includes(name);
  return readdirSync('lab/test', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isMeant(entry.name))
    .map(({ name }) => `lab/test/${name}/`);
}

/** Those that name a page, or an example: some run what stands there. */
function testsOfPages(paths) {
  const names = paths.flatMap((path) => {
    if (path.startsWith('examples/')) return ['examples/'];
    return path.startsWith('docs/') && path !== 'docs/README.md' ? [basename(path)] : [];
  });
  if (names.length === 0) return [];
  const patterns = [...new Set(names)].flatMap((name) => ['-e', name]);
  const found = git(
    'grep',
    '-l',
    '--fixed-strings',
    ...patterns,
    '--',
    'packages/*.test.ts',
    'lab/*.test.ts',
  );
  // Files that only --soak runs are no files of a plain run.
  const soak = process.env.CUTOVER_SOAK !== undefined;
  return found.split('\n').filter((path) => path !== '' && (soak || !path.endsWith('.soak.test.ts')));
}

/** What git says; nothing where it finds nothing. */
function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    if (error.status > 0) return '';
    throw error;
  }
}

/** Their folders. */
function packagesOf(filter) {
  const output = execFileSync('node_modules/.bin/turbo', ['ls', `--filter=${filter}`, '--output=json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  return JSON.parse(output.slice(output.indexOf('{'))).packages.items.map(({ path }) => path);
}
