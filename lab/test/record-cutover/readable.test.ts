import { expect, test } from 'vitest';
import { readable } from '../../src/record-cutover/readable.ts';

const places = { home: '/tmp/record-1', machine: 'ci-7', now: new Date('2027-02-28T23:00:00Z') };

test('days are told from the day of the page, hours stay', () => {
  expect(readable('from 2027-02-28T12:00:01.5Z until 2027-03-01 12:00 UTC', places)).toBe(
    'from 2026-05-31T12:00:01.5Z until 2026-06-01 12:00 UTC',
  );
});

test('paths, addresses and the machine are those of no machine, an address the same wherever it is', () => {
  const screen =
    'wrote /tmp/record-1/move/a.yaml  \n10.104.7.12 10.104.7.3 10.104.7.12\nruns as pid 7 on ci-7 since 9';
  expect(readable(screen, places)).toBe(
    'wrote /home/ada/move/a.yaml\n10.0.0.11 10.0.0.12 10.0.0.11\nruns as pid 7 on laptop since 9',
  );
});
