/** A setting of git's: its key and its value. */
export type GitSetting = readonly [key: string, value: string];

/** The environment that gives git these settings, above those of this machine's files. */
export function gitSettingsEnvironment(settings: readonly GitSetting[]): Record<string, string> {
  return {
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/**
 * Has git go to `url` where `written` is asked for. Of several rewrites of a URL git takes the longest, so one of this machine's own,
 * e.g. of all of https://github.com to ssh, is not taken: it would go there by another way and with other keys.
 */
export function goesTo(written: string, url = written): readonly GitSetting[] {
  return [
    [`url.${url}.insteadOf`, written],
    [`url.${url}.pushInsteadOf`, written],
  ];
}
