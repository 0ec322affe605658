import { expect, test } from 'vitest';

import { exitFromShell } from '../src/shell-exit.ts';

test.each([
  [0, undefined],
  [128, undefined],
  [134, 'SIGABRT'],
  [137, 'SIGKILL'],
  [143, 'SIGTERM'],
  [157, 'SIGIO'],
  [162, undefined],
  [255, undefined],
])('the code %i is the signal %s', (code, signal) => {
  expect(exitFromShell(code)).toEqual(
    signal === undefined ? { exitCode: code, signal: undefined } : { exitCode: undefined, signal },
  );
});
