import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

/** Runs git with an identity of its own and nobody's configuration. */
export function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-C', directory, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
      GIT_AUTHOR_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@example.org',
      GIT_COMMITTER_NAME: 'Test',
      GIT_COMMITTER_EMAIL: 'test@example.org',
    },
  });
}

/** A repository with one commit and an author of its own: a copy costs a fraction of what git would take. */
export function makeRepository(directory: string): void {
  cpSync(inject('repository'), directory, { recursive: true });
}

/** Makes the one that the others are copies of. */
export function makeFirstRepository(directory: string): void {
  execFileSync('git', ['init', '-q', '--template=', '-b', 'main', directory]);
  appendFileSync(join(directory, '.git', 'config'), '[user]\n\tname = Test\n\temail = test@example.org\n');
  git(directory, 'commit', '-q', '--allow-empty', '-m', 'Start');
}
