import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessAbsent } from '@cutover/foundation/errno';

type Environment = Readonly<Record<string, string>>;

/** Where Claude Code keeps what is its user's, `~/.claude` unless the environment says otherwise. */
export function claudeFolder(environment: Environment): string {
  return environment['CLAUDE_CONFIG_DIR'] ?? join(environment['HOME'] ?? '/', '.claude');
}

/** Its file of everything that it remembers, beside its folder or in the one that the environment names. */
export function claudeFile(environment: Environment): string {
  const folder = environment['CLAUDE_CONFIG_DIR'];
  return folder === undefined
    ? join(environment['HOME'] ?? '/', '.claude.json')
    : join(folder, '.claude.json');
}

/** The file that a login writes. */
export function loginFile(environment: Environment): string {
  return join(claudeFolder(environment), '.credentials.json');
}

/** Where it keeps transcripts, in a folder for each directory that sessions began in. */
export function projectsFolder(environment: Environment): string {
  return join(claudeFolder(environment), 'projects');
}

/** Where it keeps the transcripts of the sessions that began in a directory. */
export async function transcriptFolder(environment: Environment, cwd: string): Promise<string> {
  const real = (await unlessAbsent(realpath(cwd))) ?? cwd;
  return join(projectsFolder(environment), real.replaceAll(/[^A-Za-z0-9]/g, '-'));
}
