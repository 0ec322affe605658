import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bypassesPermissions,
  missingFirstRun,
  writeFirstRun,
} from '../../../src/agents/claude-code/first-run.ts';

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
});
