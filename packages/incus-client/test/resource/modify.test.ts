import { expect, test } from 'vitest';
import { merged } from '../../src/resource/modify.ts';

interface Change {
  readonly description?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly ports?: readonly number[] | undefined;
}

test('a change replaces what it gives, merges maps key by key, and leaves what it gives as undefined', () => {
  const present: Change = { description: 'kept', config: { a: '1', b: '2' }, ports: [1, 2] };
  expect(merged(present, { config: { b: '3' }, ports: [4] })).toEqual({
    description: 'kept',
    config: { a: '1', b: '3' },
    ports: [4],
  });
  expect(merged(present, { description: undefined, ports: undefined })).toEqual(present);
});
