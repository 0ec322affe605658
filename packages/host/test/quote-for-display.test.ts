import { propertyRuns } from '@cutover/test-support/property-runs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { localHost, quoteForDisplay } from '../src/index.ts';

describe('quoteForDisplay', () => {
  it.each([
    [['git', '-C', '/srv/cc-ci', 'status'], 'git -C /srv/cc-ci status'],
    [['echo', 'two words', "it's", '$HOME', ''], String.raw`echo 'two words' 'it'\''s' '$HOME' ''`],
    [['sh', '-c', 'a\n\tb\u{7}\u{202e}'], String.raw`sh -c $'a\n\tb\x07\u202e'`],
  ])('%j is %s', (argv, line) => {
    expect(quoteForDisplay(argv)).toBe(line);
  });

  it('is one line, and bash reads it as it was', async () => {
    await using host = localHost();
    const word = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 20 }), async (argv) => {
        const line = quoteForDisplay(argv);
        expect(line).not.toMatch(/[\p{Control}\u2028\u2029]/u);
        const { stdout } = await host.run(['bash', '-c', `printf '%s\\0' ${line}`], {
          env: { LC_ALL: 'C.UTF-8' },
        });
        expect(stdout.split('\0').slice(0, -1)).toEqual(argv);
      }),
      propertyRuns(50),
    );
  });
});
