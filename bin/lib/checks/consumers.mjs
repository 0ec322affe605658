// Each package as a stranger meets it: its tarball, installed in an empty folder outside the checkout with nothing else, imported
// and run on each Node that it is for, its types read by a strict compiler, and no more packages with it than it is allowed.
// What was found good is remembered by its digest for a week, since what it depends on has releases too, so that only what
// changed is installed again. Needs the packages built.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consume } from '../consumers/consumer.mjs';
import { nodeOf, nodeVersions } from '../consumers/nodes.mjs';
import { packAll, publishedPackages } from '../consumers/tarballs.mjs';
import { cache } from '../consumers/tools.mjs';
import { twoAtATime } from '../consumers/two-at-a-time.mjs';

const directory = mkdtempSync(join(tmpdir(), 'cutover-tarballs-'));
try {
  const good = join(cache, 'consumers');
  mkdirSync(good, { recursive: true });
  const checks = digestOfChecks();
  const packages = packAll(publishedPackages(), directory).map((one) => ({
    ...one,
    mark: join(good, createHash('sha256').update(`${one.digest}\n${checks}`).digest('hex')),
  }));
  const changed = packages.filter(({ mark }) => !isFresh(mark));
  const nodes = Object.fromEntries(changed.length === 0 ? [] : nodeVersions.map((one) => [one, nodeOf(one)]));
  const found = await twoAtATime(changed, async (one) => {
    const findings = await consume(one, nodes);
    if (findings.length === 0) writeFileSync(one.mark, `${one.name}\n`);
    return findings.map((finding) => `${one.name}: ${finding}`);
  });
  console.log(`${changed.length} of ${packages.length} packages have changed and were installed`);
  for (const line of found.toSorted((a, b) => a.localeCompare(b))) console.log(line);
  if (found.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function isFresh(mark) {
  const found = statSync(mark, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs < 7 * 24 * 3600 * 1000;
}

/** What is asked of a package, and by which compiler. */
function digestOfChecks() {
  const hash = createHash('sha256');
  for (const name of readdirSync('bin/lib/consumers').sort())
    hash.update(readFileSync(join('bin/lib/consumers', name)));
  return hash.update(readFileSync('node_modules/typescript/package.json')).digest('hex');
}
