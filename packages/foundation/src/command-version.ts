/** Put in by the build of a command (`build-commit.js`); the sources as they stand have none. */
declare const BUILD_COMMIT: string | undefined;

/** What `--version` of a command prints: `0.1.0 (abc1234)`, or `0.1.0` where it was built outside git. */
export function commandVersion(version: string): string {
  const commit = typeof BUILD_COMMIT === 'undefined' ? undefined : BUILD_COMMIT;
  return commit === undefined ? version : `${version} (${commit})`;
}
