import * as fc from 'fast-check';
import { propertyRuns } from '@cutover/test-support/property-runs';
import { startSshd } from '@cutover/test-support/sshd';
import * as vitest from 'vitest';

import { localHost, sshHost } from '../../src/index.ts';
import { arrivals } from '../../src/zx-suite.ts';
import { on } from '../../src/zx.ts';

const sshd = await startSshd();
vitest.afterAll(async () => await sshd[Symbol.asyncDispose]());

vitest.it.each([
  ['this machine', localHost()],
  ['ssh', sshHost(sshd.options)],
])('each value arrives as one argument, in every position: %s', async (_what, opened) => {
  await using host = opened;
  const shell = on(host);
  const special = fc.constantFrom(
    '-rf',
    'A=b',
    'if',
    '~',
    '*',
    '!!',
    "'",
    '\\',
    '"',
    '`',
    '$(',
    '#',
    '\n',
    '\r',
    ' ',
    '',
  );
  const value = fc.oneof(
    special,
    fc
      .array(fc.oneof(special, fc.string({ unit: 'binary' })), { maxLength: 6 })
      .map((parts) => parts.join('')),
  );
  await fc.assert(
    fc.asyncProperty(value, async (text) => {
      const sent = text.replaceAll('\0', '');
      vitest.expect(await arrivals(shell, sent)).toEqual(Array.from({ length: 17 }, () => sent));
    }),
    {
      ...propertyRuns(60, 1000),
      examples: [[''], ["a'b\\'c"], ['\n'], ['A=b'], ['-n'], ['\u{fe}é\n\n']],
    },
  );
});
