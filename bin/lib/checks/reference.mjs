// node bin/lib/checks/reference.mjs [PACKAGE…] [--html FOLDER]
// The reference of the published packages, as typedoc makes it of their sources: it has no warning, and each public name has a doc
// comment; its examples are right by their types. With --html its pages are written too, into one folder for each package.
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Application, Converter, LogLevel, ReflectionKind } from 'typedoc';
import { publishedPackages } from '../consumers/tarballs.mjs';
import { checkExamples } from '../reference/examples.mjs';

const settings = {
  validation: { notDocumented: true, notExported: true, invalidLink: true },
  // Classes and interfaces too, below.
  requiredToBeDocumented: ['Function', 'TypeAlias', 'Variable', 'Enum'],
  excludeInternal: true,
  logLevel: LogLevel.Warn,
  // The types are checked by `npm run typecheck`.
  skipErrorChecking: true,
  // The pages link to the sources on the forge, from wherever they are made.
  disableGit: true,
  excludeExternals: true,
};

/** The sources of what a package exports. */
function entryPoints({ folder, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([name, { source }]) => source?.endsWith('.ts') && !name.includes('*'))
    .map(([, { source }]) => join(folder, source));
}

/** Says what is wrong with the reference of a package, and returns how many mistakes that are. */
async function check(one, html) {
  const app = await Application.bootstrap({
    ...settings,
    name: one.manifest.name,
    entryPoints: entryPoints(one),
    tsconfig: join(one.folder, 'tsconfig.json'),
    readme: join(one.folder, 'README.md'),
    basePath: resolve(one.folder, 'src'),
    sourceLinkTemplate: one.manifest.bugs.replace(/issues$/, `blob/main/${one.folder}/src/{path}#L{line}`),
  });
  // By the time of the validation it has the comment of what it extends, which says nothing about it.
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, made) => {
    if (made.kindOf(ReflectionKind.ClassOrInterface) && !made.hasComment())
      app.logger.warn(`${made.getFriendlyFullName()} has no doc comment`);
  });
  const project = await app.convert();
  if (project !== undefined) {
    app.validate(project);
    if (html !== undefined) await app.generateDocs(project, join(html, basename(one.folder)));
  }
  return app.logger.warningCount + app.logger.errorCount;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { html: { type: 'string' } } });
const packages = publishedPackages();
const unknown = positionals.filter((name) => !packages.some(({ folder }) => basename(folder) === name));
if (unknown.length > 0) {
  console.error(`there is no published package ${unknown.join(', ')}`);
  process.exit(2);
}

const chosen = packages.filter(
  ({ folder }) => positionals.length === 0 || positionals.includes(basename(folder)),
);
for (const mistake of checkExamples(packages, chosen)) {
  console.log(mistake);
  process.exitCode = 1;
}
for (const one of chosen) {
  const mistakes = await check(one, values.html);
  if (mistakes === 0) continue;
  console.log(
    `${one.manifest.name}: ${mistakes} ${mistakes === 1 ? 'mistake' : 'mistakes'} in its reference`,
  );
  process.exitCode = 1;
}
