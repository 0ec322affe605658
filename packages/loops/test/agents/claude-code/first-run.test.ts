import { spawn } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bypassesPermissions,
  missingFirstRun,
  writeFirstRun,
} from '../../../src/agents/claude-code/first-run.ts';

/** What a session does with the file $1, again and again, as the real one does: the names of what it wrote are its output. */
const session = `
const fs = require('node:fs');
const [, path] = process.argv;
let isOver = false;
process.stdin.on('end', () => (isOver = true)).resume();
let count = 0;
const write = () => {
  if (isOver) return;
  setTimeout(write, 2);
  try {
    fs.mkdirSync(path + '.lock');
  } catch {
    return;
  }
  const file = JSON.parse(fs.readFileSync(path, 'utf8'));
  const name = 'n' + count++;
  file.written[name] = true;
  fs.writeFileSync(path + '.new', JSON.stringify(file));
  fs.renameSync(path + '.new', path);
  fs.rmdirSync(path + '.lock');
  console.log(name);
};
write();
`;

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'first-run-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('the files of a first start', () => {
  it('are written once, beside what is in them, and then nothing is missing', async () => {
    const environment = { HOME: home, ANTHROPIC_API_KEY: `made-up-${'x'.repeat(20)}` };
    const run = { folders: [home], bypasses: true };
    await writeFile(
      join(home, '.claude.json'),
      JSON.stringify({ oauthAccount: { id: 1 }, projects: { [home]: { allowedTools: ['x'] }, '/b': {} } }),
    );
    expect(await missingFirstRun(environment, run)).toHaveLength(3);
    expect(await writeFirstRun(environment, run)).toHaveLength(2);
    expect(await missingFirstRun(environment, run)).toEqual([]);
    expect(JSON.parse(await readFile(join(home, '.claude.json'), 'utf8'))).toMatchObject({
      oauthAccount: { id: 1 },
      projects: { [home]: { allowedTools: ['x'], hasTrustDialogAccepted: true }, '/b': {} },
      customApiKeyResponses: { approved: ['x'.repeat(20)] },
    });
    expect(await writeFirstRun(environment, run)).toEqual([]);
  });

  it('leave the warning about permissions to a person where no command switches them off', async () => {
    const other = join(home, 'other');
    await writeFirstRun({ HOME: other, CLAUDE_CONFIG_DIR: other }, { folders: [home], bypasses: false });
    await expect(readFile(join(other, 'settings.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('stay links where their user keeps them elsewhere', async () => {
    const linked = join(home, 'linked');
    await mkdir(linked);
    await writeFile(join(home, 'kept.json'), '{"a":1}');
    await symlink('../kept.json', join(linked, '.claude.json'));
    await writeFirstRun({ HOME: linked }, { folders: [home], bypasses: false });
    expect((await lstat(join(linked, '.claude.json'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(home, 'kept.json'), 'utf8')).toContain('hasCompletedOnboarding');
  });

  it.each([
    [true, ['claude', '--dangerously-skip-permissions']],
    [true, ['claude', '--permission-mode', 'bypassPermissions']],
    [true, ['claude', '--permission-mode=bypassPermissions']],
    [false, ['claude', '--permission-mode', 'plan']],
  ])('are needed for the warning about permissions: %s for %j', (bypasses, command) => {
    expect(bypassesPermissions(command)).toBe(bypasses);
  });

  it('are left alone when they are damaged, and it is said', async () => {
    const damaged = join(home, 'damaged');
    await mkdir(damaged);
    await writeFile(join(damaged, '.claude.json'), '{"projects": ');
    const written = writeFirstRun({ HOME: damaged }, { folders: [home], bypasses: true });
    await expect(written).rejects.toMatchObject({ code: 'FIRST_RUN_FAILED' });
    expect(await readFile(join(damaged, '.claude.json'), 'utf8')).toBe('{"projects": ');
  });

  it('lose nothing that a session writes meanwhile, and are not kept by a lock that one has left', async () => {
    const busy = join(home, 'busy');
    await mkdir(join(busy, '.claude.json.lock'), { recursive: true });
    const path = join(busy, '.claude.json');
    await writeFile(path, '{"written":{}}');
    // A session that was killed has left its lock; one that runs writes all the time.
    await utimes(`${path}.lock`, 1000, 1000);
    await writeFirstRun({ HOME: busy }, { folders: ['/first'], bypasses: false });
    const writer = spawn(process.execPath, ['-e', session, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    const written = readText(writer.stdout);
    const folders = Array.from({ length: 10 }, (_, index) => `/clone${index}`);
    for (const folder of folders) await writeFirstRun({ HOME: busy }, { folders: [folder], bypasses: false });
    writer.stdin.end();
    const names = (await written).trim().split('\n');
    const file: { written: object; projects: object } = JSON.parse(await readFile(path, 'utf8'));
    expect(Object.keys(file.written)).toEqual(names);
    expect(Object.keys(file.projects)).toEqual(['/first', ...folders]);
    await expect(lstat(`${path}.lock`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('wait while a session holds its lock on them', async () => {
    const held = join(home, 'held');
    await mkdir(join(held, '.claude.json.lock'), { recursive: true });
    const written = writeFirstRun({ HOME: held }, { folders: [home], bypasses: false });
    await delay(200);
    await expect(lstat(join(held, '.claude.json'))).rejects.toMatchObject({ code: 'ENOENT' });
    await rm(join(held, '.claude.json.lock'), { recursive: true });
    expect(await written).toHaveLength(1);
  });
});
