// Our packages are in the scope @cutover; the bare name of a command belongs to the one who publishes it first. So no page, help
// text or program of ours says to fetch one by its bare name: npx is given `--no`, which runs what is installed and fetches nothing,
// or `--package @cutover/…`, and what is installed has its scope.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { publishedPackages } from '../consumers/tarballs.mjs';

const commands = publishedPackages().flatMap(({ manifest: { bin = {} } }) => Object.keys(bin));
const names = commands.join('|');

/** As typed, and as the arguments of a program, of which only the words are left here. */
const runner =
  /(?:npx|npm (?:exec|x)|pnpm dlx|yarn dlx|bunx)((?: +-{1,2}[\w-]*(?:[= ]@cutover\/[\w-]+)?)*) +(\S+)/g;
const installer = /(?:npm (?:install|i|add)|pnpm add|yarn add|bun add) ([^\n;&|]*)/g;
const lost = new RegExp(`npx --no (?:${names}) -\\S*`, 'g');
const bare = new RegExp(`^(?:${names})(?:@\\S*)?[.:;]?$`);

/** What a line says to fetch by its bare name. */
function bareNames(line) {
  const words = line
    .replaceAll('`', ';')
    .replaceAll(/['",[\]()]+/g, ' ')
    .replaceAll(/ +/g, ' ');
  const run = [...words.matchAll(runner)]
    .filter(([, options, name]) => bare.test(name) && !isSafe(options))
    .map(([text]) => text);
  const installed = [...words.matchAll(installer)]
    .filter(([, list]) => list.split(' ').some((word) => bare.test(word)))
    .map(([text]) => text);
  return [...run, ...installed];
}

function isSafe(options) {
  return / --no(?: |$)| (?:--package|-p)[= ]@cutover\//.test(options);
}

/** npx takes an option that follows the name after `--no` for its own, unless `--` stands before the name. */
function lostOptions(line) {
  return [...line.matchAll(lost)].map(([text]) => text);
}

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
});
const files = listed
  .split('\0')
  .filter((file) => /\.(?:md|[cm]?[jt]s|sh|nix|ya?ml|json)$|^bin\/[\w-]+$/.test(file))
  .filter((file) => file !== 'package-lock.json' && existsSync(file));
const found = files.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) =>
      [...bareNames(line), ...lostOptions(line)].map((text) => `${file}:${index + 1}: ${text.trim()}`),
    ),
);
for (const line of found) console.log(line);
if (found.length > 0) {
  console.log('anyone may publish a package of a bare name: give its scope, or npx --no;');
  console.log('before an option that follows the name: npx --no -- NAME --option');
  process.exitCode = 1;
}
