import { expect, test } from 'vitest';
import { textTable } from '../src/text-table.ts';

test('columns are as wide as their widest cell, numbers may stand right, and no control character comes through', () => {
  const rows = [
    ['LOOP', 'PID', 'WHY'],
    ['builder', '41', 'red \u001b[31mtext\u001b[0m\nnext'],
    ['a', '12345'],
  ];
  expect(textTable(rows, { right: [1] })).toEqual([
    'LOOP       PID  WHY',
    'builder     41  red text next',
    'a        12345',
  ]);
});
