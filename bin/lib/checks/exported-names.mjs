// node bin/lib/checks/exported-names.mjs
// Each function, class and constant that a published package exports is named on a page of docs/ or in a README. What no page
// names, a reader does not find: write about it, or stop exporting it. Types are in the reference.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages } from '../consumers/tarballs.mjs';

const packages = publishedPackages();
const pages = [
  'README.md',
  ...packages.map(({ folder }) => join(folder, 'README.md')),
  ...readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];
const words = new Set(pages.flatMap((page) => readFileSync(page, 'utf8').match(/\w+/g)));

/** Each value that an entry point exports, with the entry point. */
function valuesOf({ folder, manifest }) {
  return Object.entries(manifest.exports)
    .filter(([, entry]) => entry.source?.endsWith('.ts'))
    .flatMap(([path, { source }]) => {
      const text = readFileSync(join(folder, source), 'utf8');
      const listed = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.split(','));
      const declared = [...text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)];
      return [...listed.map((name) => name.trim()), ...declared.map(([, name]) => name)]
        .filter((name) => name !== '' && !name.startsWith('type '))
        .map((name) => ({ name: name.split(' ').at(-1), entry: `${manifest.name}${path.slice(1)}` }));
    });
}

const unnamed = packages.flatMap(valuesOf).filter(({ name }) => !words.has(name));
for (const { name, entry } of unnamed) console.log(`no page names ${name}, which ${entry} exports`);
if (unnamed.length > 0) process.exitCode = 1;
