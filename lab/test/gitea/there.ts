import { builtGitea, noGitea } from '../../src/index.ts';

/** Whether tests can have a Gitea: nothing builds one for them. */
export const giteaIsThere = (await builtGitea()) !== undefined;
if (!giteaIsThere) process.stderr.write(`lab: skipped: ${noGitea}\n`);
