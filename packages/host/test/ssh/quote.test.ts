import { propertyRuns } from '@cutover/test-support/property-runs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { localHost } from '../../src/index.ts';
import { quoteArgv } from '../../src/ssh/quote.ts';

const argument = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));

describe('quoteArgv', () => {
  it.each(['sh', 'bash'])('is read by %s as it was', async (shell) => {
    await using host = localHost();
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 20 }), async (argv) => {
        const { stdout } = await host.run([shell, '-c', `printf '%s\\0' ${quoteArgv(argv)}`]);
        expect(stdout.split('\0').slice(0, -1)).toEqual(argv);
      }),
      propertyRuns(30),
    );
  });

  it('leaves plain words as they are', () => {
    expect(quoteArgv(['nix', 'build', '/srv/cc-ci#toplevel', '--no-link', ''])).toBe(
      "nix build '/srv/cc-ci#toplevel' --no-link ''",
    );
  });
});
