import { expect, it } from 'vitest';

import { parseClosures } from '../../src/history/changes.ts';

it('parseClosures reads each system with its own closure, and one that is gone as empty', () => {
  const text = 'closure /s/a\n/s/x 5\n/s/a 7\nclosure /s/gone\nclosure /s/b\n/s/b 1\n';
  expect([...parseClosures(text)]).toEqual([
    [
      '/s/a',
      [
        { path: '/s/x', narSize: 5 },
        { path: '/s/a', narSize: 7 },
      ],
    ],
    ['/s/gone', []],
    ['/s/b', [{ path: '/s/b', narSize: 1 }]],
  ]);
});
