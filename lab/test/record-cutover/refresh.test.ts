import { expect, test } from 'vitest';
import { refresh, ScreenChangedError } from '../../src/record-cutover/refresh.ts';

const recorded = [
  '$ cutover plan',
  'A provision',
  '  ◦ preflight  look  (2.1s rehearsed)',
  '  ◦ ready',
  'plan 80fefdc428db',
];
const refreshed = (...shown: readonly string[]): string[] =>
  refresh('plan', shown.join('\n'), recorded.join('\n')).split('\n');

test('an empty screen is filled with all that was recorded', () => {
  expect(refreshed('')).toEqual(recorded);
});

test('lines that differ in numbers, hashes and times only are taken as they were recorded', () => {
  const shown = ['$ cutover plan', 'A provision', '  ◦ preflight  look', '  ◦ ready', 'plan 0123456789ab'];
  expect(refreshed(...shown)).toEqual(recorded);
});

test('what the page leaves out stays out', () => {
  const [command = '', , , , plan = ''] = recorded;
  expect(refreshed(command, '  …', 'plan 99999999ffff')).toEqual([command, '  …', plan]);
  expect(refreshed(command, '…')).toEqual([command, '…']);
  expect(refreshed('…', 'plan 99999999ffff')).toEqual(['…', plan]);
});

test.each([
  ['a line that was not recorded', ['$ cutover plan', '…', '  ◦ unready', '…']],
  ['lines in another order', ['$ cutover plan', '…', '  ◦ ready', '…', 'A provision', '…']],
  ['a line less, without saying so', recorded.toSpliced(3, 1)],
  ['an end that is not the end', ['$ cutover plan', '…', '  ◦ ready']],
  ['a beginning that is not the beginning', ['A provision', '…']],
])('%s is told', (_what, shown) => {
  expect(() => refreshed(...shown)).toThrow(ScreenChangedError);
});
