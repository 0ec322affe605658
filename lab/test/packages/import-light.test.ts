import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
let folder: string;
let hooks: string;

/** Names each module as it is loaded, on standard error. */
const tell = `import { register } from 'node:module';
const source = 'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }';
register('data:text/javascript,' + encodeURIComponent(source));
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-import-'));
  hooks = join(folder, 'hooks.mjs');
  await writeFile(hooks, tell);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The modules that are loaded by a line of JavaScript, or by a command. */
async function loadedBy(...argv: string[]): Promise<string> {
  const { stderr } = await run(process.execPath, ['--import', pathToFileURL(hooks).href, ...argv], {
    cwd: import.meta.dirname,
  });
  return stderr;
}

const heavy = /node_modules\/(?:zod|yaml|undici|zx|ssh2|age-encryption|@clack)\//;

it.each(['runbook', 'cutover-scripts'])(
  'importing @cutover/%s loads no library that only some commands need',
  async (name) => {
    const loaded = await loadedBy('--input-type=module', '--eval', `await import('@cutover/${name}')`);
    expect(loaded).toContain(`/packages/${name}/dist/index.js`);
    expect(loaded).not.toMatch(heavy);
  },
);

it.each(['--help', '--version', 'run --help'])(
  'cutover %s loads the command line and nothing of the cutover',
  async (words) => {
    const command = join(import.meta.dirname, '../../../packages/cutover-scripts/bin/cutover.js');
    const loaded = await loadedBy(command, ...words.split(' '));
    expect(loaded).toMatch(/node_modules\/commander\//);
    expect(loaded).not.toMatch(heavy);
  },
);
