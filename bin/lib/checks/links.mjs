// Each link of a page to a file of the checkout leads to one, and to a heading that is there; the index names every page of docs/.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && !path.startsWith('.changeset/') && existsSync(path));

/** The text without its code: brackets there are no links. */
const prose = (path) =>
  readFileSync(path, 'utf8')
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code));

/** The anchors of a page, as GitHub makes them of its headings. */
const anchors = (path) =>
  prose(path)
    .match(/^#+ .*$/gm)
    ?.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ) ?? [];

const mistakes = pages.flatMap((page) =>
  [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path, anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(target)) return [`${page}: ${link} leads nowhere`];
    if (anchor === undefined || !target.endsWith('.md') || anchors(target).includes(anchor)) return [];
    return [`${page}: ${relative('.', target)} has no heading #${anchor}`];
  }),
);
const index = readFileSync('docs/README.md', 'utf8');
for (const page of pages.filter((path) => dirname(path) === 'docs' && basename(path) !== 'README.md'))
  if (!index.includes(`](${basename(page)})`)) mistakes.push(`docs/README.md does not name ${page}`);

if (mistakes.length > 0) {
  console.error(mistakes.join('\n'));
  process.exit(1);
}
