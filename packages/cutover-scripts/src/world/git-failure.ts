/** Lines that git adds to every failure of a remote; they say nothing of this one. */
const boilerplate = [
  /^fatal: could not read from remote repository\.?$/i,
  /^please make sure you have the correct access rights$/i,
  /^and the repository exists\.?$/i,
];

/** Why a git command failed, of what it wrote: without what it writes at every failure. */
export function whyGitFailed(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines.filter((line) => !boilerplate.some((pattern) => pattern.test(line)));
  return (telling.length === 0 ? lines : telling).join('; ');
}
