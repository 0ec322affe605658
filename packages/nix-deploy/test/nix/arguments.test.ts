import { expect, test } from 'vitest';

import { derivationArgv, realiseArgv } from '../../src/nix/arguments.ts';

const options = [
  '--impure',
  '--option',
  'cores',
  '2',
  '--override-input',
  'nixpkgs',
  'path:/n',
  '-I',
  'a=/b',
  '-k',
];

test('a build whose evaluation is done gets no options of an evaluation: nix-store knows none of them', () => {
  expect(realiseArgv('/nix/store/x.drv', undefined, options).slice(-5)).toEqual([
    '--option',
    'cores',
    '2',
    '-k',
    '/nix/store/x.drv',
  ]);
  expect(realiseArgv('/nix/store/x.drv', undefined, ['--option', 'extra', '--impure'])).toContain('--impure');
});

test('the evaluation gets all of them', () => {
  expect(derivationArgv('.#x', options)).toEqual(expect.arrayContaining(options));
});
