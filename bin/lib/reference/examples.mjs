// The examples in the doc comments of the published packages, and those of the pages, as TypeScript would have them in a program of
// a user.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Pages whose blocks are parts of one program, which is in examples/, or of a test of ours; and those with a test of their own. */
const spared = /^docs\/(runbook-writing|runbook-engine|lab|incus-client-.*)\.md$/;

/** Where they are put, in the checkout, so that they find its packages. */
const folder = '.examples';

/**
 * Reads the types of all examples; what an example does not declare is exported by one of the packages, or stands in given.ts.
 *
 * @param packages as `publishedPackages` gives them.
 * @param chosen those whose examples are read; with all of them the pages of docs/ are read too.
 * @returns what is wrong, a line each.
 */
export function checkExamples(packages, chosen) {
  const exported = new Map(packages.flatMap(namesOf));
  const pages =
    chosen.length === packages.length ? readdirSync('docs').map((name) => join('docs', name)) : [];
  const readmes = chosen
    .filter((one) => !one.folder.endsWith('incus-client'))
    .map((one) => join(one.folder, 'README.md'));
  const examples = [...chosen.flatMap(examplesOf), ...[...readmes, ...pages].flatMap(blocksOf)];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  try {
    examples.forEach(({ text }, index) =>
      writeFileSync(join(folder, `${index}.ts`), program(text, exported)),
    );
    const include = ['*.ts', '../bin/lib/reference/given.ts'];
    const settings = { extends: '../tsconfig.base.json', include };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    return typeErrors().map(([, index, words]) => `${examples[Number(index)].where}: ${words}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each name that a package exports, and where from; of two the first is taken. */
function namesOf({ folder: place, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([path, { source }]) => source?.endsWith('.ts') && !path.includes('*'))
    .flatMap(([path, { source }]) => {
      const text = readFileSync(join(place, source), 'utf8');
      const names = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) =>
        list.split(','),
      );
      const declared = [...text.matchAll(/export (?:async )?(?:function|const|class) (\w+)/g)].map(
        ([, one]) => one,
      );
      return [...names, ...declared].map((one) => [
        one.trim().split(' ').at(-1),
        `${manifest.name}${path.slice(1)}`,
      ]);
    })
    .toReversed();
}

function examplesOf({ folder: place }) {
  return readdirSync(join(place, 'src'), { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const path = join(place, 'src', file);
      return [...readFileSync(path, 'utf8').matchAll(/^ *\/\*\*$[^]*?^ *\*\/$/gm)].flatMap(([comment]) => {
        const [, text] = /^ *\* @example$([^]*?)(?:^ *\* @|^ *\*\/)/m.exec(comment) ?? [];
        return text === undefined ? [] : [{ where: path, text: text.replaceAll(/^ *\* ?/gm, '') }];
      });
    });
}

/** The blocks of TypeScript in a page. */
function blocksOf(page) {
  if (!page.endsWith('.md') || spared.test(page)) return [];
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(({ 1: block, index }) => ({
    where: `${page}:${text.slice(0, index).split('\n').length}`,
    text: block,
  }));
}

/** The example, with what it uses of the packages imported. */
function program(text, exported) {
  const used = new Set(text.match(/[A-Za-z]\w*/g));
  const imported = [...text.matchAll(/import (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) =>
    list.split(',').map((one) => one.trim().split(' ').at(-1)),
  );
  const own = [...text.matchAll(/(?:const|function|import \* as) (\w+)/g)].map(([, one]) => one);
  const declared = new Set([...imported, ...own]);
  const imports = [...used]
    .filter((one) => exported.has(one) && !declared.has(one))
    .map((one) => `import { ${one} } from '${exported.get(one)}';`);
  return `${imports.join('\n')}\n${text}\nexport {};\n`;
}

function typeErrors() {
  try {
    execFileSync('node', ['node_modules/typescript-7/bin/tsc', '-p', folder], { encoding: 'utf8' });
    return [];
  } catch (error) {
    const found = [...String(error.stdout).matchAll(/^\.examples\/(\d+)\.ts\S* (.*)$/gm)];
    if (found.length === 0) throw new Error(String(error.stdout), { cause: error });
    return found;
  }
}
