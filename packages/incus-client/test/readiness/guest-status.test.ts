import { expect, test } from 'vitest';
import { parseReport } from '../../src/readiness/guest-status.ts';

test.each(['', 'no json', '{"status": "run', '{"state": "done"}'])(
  'what cloud-init says when it is cut off says nothing: %j',
  (text) => {
    expect(parseReport(text)).toBeUndefined();
  },
);

test('a report may come after warnings', () => {
  expect(parseReport('some warning\n{"status": "done", "errors": []}')).toMatchObject({ status: 'done' });
});
