// Prints the packages whose version npm does not have, as `name@version`, on one line. Nothing while there are changesets: what they
// tell of is no version yet, and before the first release the versions are placeholders.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { publishedPackages } from '../consumers/tarballs.mjs';

const pending = readdirSync('.changeset').filter((name) => name.endsWith('.md') && name !== 'README.md');
if (pending.length === 0) {
  const versions = publishedPackages().map(({ manifest: { name, version } }) => `${name}@${version}`);
  const known = await Promise.all(versions.map(isPublished));
  console.log(versions.filter((_, index) => !known[index]).join(' '));
}

async function isPublished(spec) {
  try {
    const { stdout } = await promisify(execFile)('npm', ['view', spec, 'version', '--prefer-online']);
    // A package that has only other versions is found too, with nothing to show.
    return stdout.trim() !== '';
  } catch (error) {
    if (/\bE404\b/.test(error.stderr)) return false;
    throw error;
  }
}
