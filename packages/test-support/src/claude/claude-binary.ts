import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The versions of Claude Code that the tests run: the oldest and the newest that its adapter is held to. */
export const claudeVersions = ['2.1.154', '2.1.332'] as const;

/** Where a version of Claude Code is, or why it cannot be had here. */
export type FoundClaude = { readonly path: string } | { readonly missing: string };

/**
 * The program itself, from npm, kept outside the checkout. It is the user's own program and part of no package of ours.
 * The first run of a test installs it; later ones find it.
 */
export async function findClaude(version: string): Promise<FoundClaude> {
  if (process.platform !== 'linux') return { missing: 'the tests with Claude Code need Linux' };
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cutover', 'claude-code');
  const folder = join(cache, version);
  const path = join(folder, 'node_modules/@anthropic-ai', `claude-code-linux-${process.arch}`, 'claude');
  if (await exists(path)) return { path };
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, `.${version}-`));
  try {
    const name = `@anthropic-ai/claude-code@${version}`;
    const options = [
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--fetch-retries=0',
      '--fetch-timeout=60000',
    ];
    await run('npm', ['install', '--prefix', temporary, ...options, name], { timeout: 300_000 });
    await rename(temporary, folder).catch(async (error: unknown) => {
      // Another one was faster.
      if (!(await exists(path))) throw error;
    });
    return (await exists(path)) ? { path } : { missing: `${name} has no program for this machine` };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { missing: `Claude Code ${version} cannot be installed: ${why}` };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
