import { expect, test } from 'vitest';
import { OperationError } from '../src/errors.ts';
import { operation } from './fixture/daemon.ts';

const failed = (err: string) =>
  new OperationError({ ...operation({}), class: 'task', status: 'Failure', status_code: 400, err });

test.for([
  'Instance not found',
  'Failed getting image: Image "debian-13" not found',
  'Failed loading network "br0": Network not found',
  'Image not provided for instance creation',
])('what the API has no more is not found: %s', (err) => {
  expect(failed(err).code).toBe('NOT_FOUND');
});

test.for([
  'Command not found',
  'exec: "dnsmasq": executable file not found in $PATH',
  'Failed to start device "eth0": Parent device "br9" not found',
])('that a program or a device is missing is no evidence that anything of the API is: %s', (err) => {
  expect(failed(err).code).toBe('OPERATION_FAILED');
});
