// What npm gets to see of each package that is published: a license, a README whose links work there, and a package.json that
// says what the package is, where it comes from, and no dependency that it does not use. Needs the packages built.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Packages that are not held to it yet. */
const pending = [
  'packages/cutover-scripts',
  'packages/host',
  'packages/incus-client',
  'packages/loops',
  'packages/nix-deploy',
  'packages/secrets',
];

const read = (...path) => readFileSync(join(...path), 'utf8');

/** The files in the tarball of each package, by its name. */
function packed(folders) {
  const args = [
    'pack',
    '--dry-run',
    '--json',
    '--ignore-scripts',
    ...folders.flatMap((folder) => ['-w', folder]),
  ];
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
  const tarballs = Object.values(JSON.parse(execFileSync('npm', args, options)));
  return new Map(tarballs.map(({ name, files }) => [name, files.map(({ path }) => path)]));
}

/** What a package has to have in its tarball. */
function checkFiles(folder, { name }) {
  const files = tarballs.get(name);
  const wanted = ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts'];
  const missing = wanted.filter((file) => !files.includes(file)).map((file) => `its tarball has no ${file}`);
  const same = !files.includes('LICENSE') || read(folder, 'LICENSE') === read('LICENSE');
  return same ? missing : [...missing, 'its LICENSE differs from that of the checkout'];
}

/** What npm shows beside the README. */
function checkFields(folder, manifest) {
  const wanted = [
    'description',
    'license',
    'author',
    'homepage',
    'bugs',
    'repository',
    'keywords',
    'engines',
  ];
  const missing = wanted.filter((field) => manifest[field] === undefined || manifest[field].length === 0);
  const misplaced =
    manifest.repository?.directory === folder ? [] : [`repository.directory is not ${folder}`];
  return [...missing.map((field) => `package.json has no ${field}`), ...misplaced];
}

/** On npm a README stands alone: a link into the checkout has to name the place on the forge, and the file has to exist. */
function checkLinks(folder, manifest) {
  const site = manifest.bugs?.replace(/\/issues$/, '');
  return [...read(folder, 'README.md').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (!/^(https?:|#)/.test(link)) return [`README.md links to ${link}, which does not work on npm`];
    if (site === undefined || !link.startsWith(`${site}/`)) return [];
    const path = link
      .slice(site.length)
      .replace(/^\/(blob|tree)\/main\//, '')
      .replace(/#.*/, '');
    return existsSync(path) ? [] : [`README.md links to ${link}, and there is no ${path}`];
  });
}

/** A dependency that no source file imports. */
function checkDependencies(folder, manifest) {
  const files = readdirSync(join(folder, 'src'), { recursive: true }).filter((file) => file.endsWith('.ts'));
  const sources = files.map((file) => read(folder, 'src', file)).join('\n');
  const imported = (name) => new RegExp(`(from|import\\(?|import) ?['"]${name}(/[^'"]*)?['"]`).test(sources);
  return Object.keys(manifest.dependencies ?? {})
    .filter((name) => !imported(name))
    .map((name) => `it depends on ${name} and does not import it`);
}

const published = readdirSync('packages')
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(join(folder, 'package.json')) && !pending.includes(folder))
  .map((folder) => [folder, JSON.parse(read(folder, 'package.json'))])
  .filter(([, manifest]) => manifest.private !== true);
const tarballs = packed(published.map(([folder]) => folder));
const checks = [checkFiles, checkFields, checkLinks, checkDependencies];
const found = published.flatMap(([folder, manifest]) =>
  checks.flatMap((check) => check(folder, manifest).map((finding) => `${folder}: ${finding}`)),
);
for (const line of found) console.log(line);
if (found.length > 0) process.exitCode = 1;
