import { expect, test } from 'vitest';
import { whyGitFailed } from '../../src/world/git-failure.ts';

const common = `fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
`;

test.each([
  ['git@forge: Permission denied (publickey).', 'git@forge: Permission denied (publickey).'],
  ['ERROR: Repository not found.', 'ERROR: Repository not found.'],
  [
    '',
    'fatal: Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.',
  ],
])('a failure of git is told without what git says at every failure', (telling, told) => {
  expect(whyGitFailed(`${telling}\n${common}`)).toBe(told);
});
