// What npm gets to see of each package that is published: a license, a README whose links work there, a package.json that
// says what the package is, where it comes from, and no dependency that it does not use, and files that are found as it says
// (publint), their types too (attw), by those who import ES modules. Needs the packages built.
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemAffectsResolutionKind } from '@arethetypeswrong/core/problems';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packAll, publishedPackages } from '../consumers/tarballs.mjs';

const read = (...path) => readFileSync(join(...path), 'utf8');

/** What a package has to have in its tarball. */
function checkFiles(folder, _manifest, { files }) {
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

/** Dependencies against what the built files import: what is bundled into them counts where it is used. */
function checkDependencies(folder, manifest) {
  const used = new Set(
    [...builtFiles(folder, manifest)]
      .flatMap((file) => importsOf(file))
      .map(packageOf)
      .filter(isOther(manifest.name)),
  );
  const { dependencies = {}, peerDependencies = {} } = manifest;
  const undeclared = [...used].filter((name) => !(name in dependencies) && !(name in peerDependencies));
  const unused = Object.keys(dependencies).filter((name) => !used.has(name));
  return [
    ...undeclared.map((name) => `it imports ${name} and does not depend on it`),
    ...unused.map((name) => `it depends on ${name} and does not import it`),
  ];
}

/** The files that the exports and commands of a package lead to. */
function builtFiles(folder, { exports = {}, bin = {} }) {
  const entries = [
    ...Object.values(exports).flatMap(({ types, default: file }) => [types, file]),
    ...Object.values(bin),
  ];
  const files = new Set(
    entries.filter((entry) => /\.(js|ts|mjs)$/.test(entry)).map((entry) => join(folder, entry)),
  );
  for (const file of files) {
    for (const name of importsOf(file).filter((one) => /^\.\.?\//.test(one))) {
      const path = join(dirname(file), name);
      // A declaration file names the JavaScript that another one describes.
      files.add(file.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path);
    }
  }
  return files;
}

async function checkExports(_folder, manifest, { tarball }) {
  const pack = { tarball: bytesOf(tarball).buffer };
  const { messages } = await publint({ pack, level: 'warning', strict: true });
  return messages.map((message) => formatMessage(message, manifest, { color: false }));
}

/** How those find types who import ES modules, which is all that these packages have. */
const resolutions = ['node16-esm', 'bundler'];

async function checkTypes(_folder, { exports }, { tarball }) {
  // Programs and files have none.
  const excludeEntrypoints = Object.keys(exports).filter((name) => exports[name].types === undefined);
  const contents = createPackageFromTarballData(bytesOf(tarball));
  const analysis = await checkPackage(contents, { excludeEntrypoints });
  return analysis.problems
    .filter((problem) => resolutions.some((one) => problemAffectsResolutionKind(problem, one, analysis)))
    .map((problem) => `its types: ${JSON.stringify(problem)}`);
}

const bytesOf = (file) => new Uint8Array(readFileSync(file));
const importsOf = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport\(?) ?["']([^"'\s]+)["']/g)].map(
    ([, name]) => name,
  );
const packageOf = (name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/');
const isOther = (own) => (name) =>
  /^(@[\w-]+\/)?[a-z][\w.-]*$/.test(name) && name !== own && !isBuiltin(name);

const published = publishedPackages();
const directory = mkdtempSync(join(tmpdir(), 'cutover-tarballs-'));
try {
  const packed = packAll(published, directory);
  const checks = [checkFiles, checkFields, checkLinks, checkDependencies, checkExports, checkTypes];
  for (const { folder, manifest } of published) {
    const tarball = packed.find(({ name }) => name === manifest.name);
    for (const check of checks) {
      for (const finding of await check(folder, manifest, tarball)) {
        console.log(`${folder}: ${finding}`);
        process.exitCode = 1;
      }
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
