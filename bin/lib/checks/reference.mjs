// node bin/lib/checks/reference.mjs [PACKAGE…] [--html FOLDER]
// Each public name of the published packages is documented: its reference, as typedoc makes it of the sources, has no warning.
// With --html, the pages are written to a folder too.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Application, LogLevel } from 'typedoc';
import { publishedPackages } from '../consumers/tarballs.mjs';

const options = {
  validation: { notExported: true, invalidLink: true, invalidPath: true, notDocumented: true },
  requiredToBeDocumented: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable', 'Enum'],
  excludeInternal: true,
  excludePrivate: true,
  // The types are checked by `turbo run typecheck`.
  skipErrorChecking: true,
  logLevel: LogLevel.Warn,
  // Links to the sources lead to the forge, from whatever clone the pages are made.
  disableGit: true,
  basePath: '.',
};

/** The sources of what a package exports. */
function entryPoints({ folder, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([name, { source }]) => source?.endsWith('.ts') && !name.includes('*'))
    .map(([, { source }]) => join(folder, source));
}

/** Reports to standard error, and gives how many warnings and errors there were. */
async function checkPackage(one, html) {
  const app = await Application.bootstrap({
    ...options,
    name: one.manifest.name,
    entryPoints: entryPoints(one),
    tsconfig: join(one.folder, 'tsconfig.json'),
    readme: join(one.folder, 'README.md'),
    sourceLinkTemplate: one.manifest.bugs.replace(/issues$/, 'blob/main/{path}#L{line}'),
  });
  const project = await app.convert();
  if (project !== undefined) {
    app.validate(project);
    if (html !== undefined) await app.generateDocs(project, join(html, one.folder.replace(/^.*\//, '')));
  }
  return app.logger.warningCount + app.logger.errorCount;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { html: { type: 'string' } },
});
const packages = publishedPackages();
const chosen = packages.filter(
  ({ folder, manifest }) =>
    positionals.length === 0 ||
    positionals.some((name) => manifest.name === name || folder === join('packages', name)),
);
let found = 0;
for (const one of chosen) {
  const count = await checkPackage(one, values.html && resolve(values.html));
  console.log(`${one.manifest.name}: ${count} warnings`);
  found += count;
}
if (found > 0 || chosen.length === 0) process.exitCode = 1;
