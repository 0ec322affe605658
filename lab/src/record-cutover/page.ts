import { refresh } from './refresh.ts';

const screen = /^<!-- screen: ([a-z-]+) -->\n[\s\S]*?^<!-- end of screen -->$/gm;

/** The screens of a page, by name. */
export function screensOf(page: string): ReadonlyMap<string, string> {
  const found = [...page.matchAll(screen)].map(([whole, name = '']): [string, string] => [
    name,
    /^```text\n([\s\S]*?)\n?^```$/m.exec(whole)?.[1] ?? '',
  ]);
  return new Map(found);
}

/**
 * The page with its screens as they were recorded.
 *
 * @throws {ScreenChangedError} the page shows what was not recorded.
 * @throws {Error} the page has a screen that was not recorded, or lacks one that was.
 */
export function withScreens(page: string, recorded: ReadonlyMap<string, string>): string {
  const shown = screensOf(page);
  const names = new Set([...shown.keys(), ...recorded.keys()]);
  for (const name of names)
    if (!shown.has(name) || !recorded.has(name))
      throw new Error(
        `the screen ${name} ${shown.has(name) ? 'was not recorded' : 'has no place in the page'}`,
      );
  return page.replaceAll(screen, (_whole, name: string) => {
    const text = refresh(name, shown.get(name) ?? '', recorded.get(name) ?? '');
    return `<!-- screen: ${name} -->\n\n\`\`\`text\n${text}\n\`\`\`\n\n<!-- end of screen -->`;
  });
}
