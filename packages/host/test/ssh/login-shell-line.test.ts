import { propertyRuns } from '@cutover/test-support/property-runs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { localHost } from '../../src/index.ts';
import { loginShellLine } from '../../src/ssh/login-shell-line.ts';
import { quoteArgv } from '../../src/ssh/quote.ts';

const special = fc.constantFrom(
  '\n',
  '!',
  '!!',
  "'",
  '\\',
  '\\\n',
  '%s',
  '\n touch /pwned\n',
  '$',
  '`',
  '"',
  'é',
  '\u{1f600}',
);
const word = fc
  .array(fc.oneof(special, fc.string({ unit: 'binary' })), { maxLength: 6 })
  .map((parts) => parts.join('').replaceAll('\0', ''));

describe('loginShellLine', () => {
  it.each(['sh', 'bash', 'zsh', 'mksh', 'tcsh', 'fish'])('is read by %s as it was', async (shell) => {
    await using host = localHost();
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 12 }), async (words) => {
        const line = loginShellLine(quoteArgv(['printf', '%s\\0', ...words]));
        expect(line).toMatch(/^[ -~]*$/);
        const { stdout } = await host.run([shell, '-c', line]);
        expect(stdout.split('\0').slice(0, -1)).toEqual(words);
      }),
      propertyRuns(30, 500),
    );
  });
});
