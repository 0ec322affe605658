// Words that readers stumble over, and what to write in their place: `bin/test` fails where one of them is found in docs, help
// texts, messages, comments or schema descriptions. To forbid another word, add a line to `words`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A pattern (case does not matter; only whole words match) and what to write in its place. */
const words = [
  // In backticks it is an old name that a changeset tells of.
  ['(?<!`)mend(s|ed|ing)?(?!`)', 'fix, repair'],
  ["whoever('s)?|whomever", 'the actor: the operator, the process that …'],
  ["somebody('s)?", 'the actor: another process, another runner'],
  // In quotes it is the user of that name.
  ["(?<!['`\"/=])nobody('s)?(?!['`\":])", 'the actor: no process, no runner'],
  ["everybody('s)?", 'the actors: all users, all processes'],
  ['anew', 'again'],
  ['cannot be meant', 'contradicts …'],
  ['(?<!there )is no (store path|number|file|folder|host|name|key)', 'is not a …'],
  ['that (is|are) none', 'is not a …, is missing, is invalid'],
  ['(was|were|is|are|nothing|not) begun', 'started'],
  ['(want|wants|wanted|starts|runs|works) no more', 'no longer …'],
  ['all without it|other without it', 'default: …'],
  ['demands', 'requirements, needs'],
  ['wherein|whereof|thereof|hitherto|lest', 'a present-day word'],
];

/** What people read; tests are not among it. */
const read =
  /^(README|CONTRIBUTING)\.md$|^(docs|bin|\.ci|\.changeset|examples)\/|^(lab|bench)\/src\/|^packages\/[^/]+\/((src|schema|schemas)\/|[^/]+\.(md|json)$)/;
/** Changelogs are history, and this file has to name the words. */
const spared = /(^|\/)CHANGELOG\.md$|^bin\/lib\/checks\/plain-words\.mjs$/;

const patterns = words.map(([pattern, instead]) => [new RegExp(`\\b(?:${pattern})(?![\\w])`, 'gi'), instead]);

/** `file:line` of each such word in a text, with what to write in its place. */
function findings(file, text) {
  return text
    .split('\n')
    .flatMap((line, index) =>
      patterns.flatMap(([pattern, instead]) =>
        [...line.matchAll(pattern)].map(([found]) => `${file}:${index + 1}: "${found}"; write: ${instead}`),
      ),
    );
}

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
});
const files = listed.split('\0').filter((file) => read.test(file) && !spared.test(file));
const found = files.flatMap((file) => findings(file, readFileSync(file, 'utf8')));
for (const line of found) console.log(line);
if (found.length > 0) {
  console.log(
    `${found.length} words that readers stumble over (the list is in bin/lib/checks/plain-words.mjs)`,
  );
  process.exitCode = 1;
}
