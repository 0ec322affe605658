// Exits 0 when node_modules holds what package-lock.json asks for, 1 when `npm ci` has something to do.
// npm keeps a record of what it installed in node_modules/.package-lock.json, in the lockfile's own shape.
import { readFileSync } from 'node:fs';

const packages = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return {};
    throw error;
  }
};

const installed = packages('node_modules/.package-lock.json');
const missing = Object.entries(packages('package-lock.json')).filter(
  ([path, { version, optional, peer, link }]) =>
    path.includes('node_modules/') && !link && !optional && !peer && installed[path]?.version !== version,
);
process.exitCode = missing.length === 0 ? 0 : 1;
