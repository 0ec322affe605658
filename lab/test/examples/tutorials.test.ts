import { describe, expect, it } from 'vitest';
import { doTutorial } from './tutorial.ts';

describe('a newcomer who does what the page says sees what it shows:', () => {
  it.each(['tutorial-secrets.md', 'tutorial-loops.md'])(
    '%s',
    async (page) => {
      const shown = await doTutorial(page);
      expect(shown.length).toBeGreaterThan(3);
      for (const { expected, output } of shown) expect(output).toMatch(expected);
    },
    400_000,
  );
});
