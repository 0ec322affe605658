import { expect, test } from 'vitest';
import type { Operation } from '../../src/api/operation.ts';
import { operationProgress } from '../../src/operations/operation-progress.ts';
import { operation } from '../fixture/daemon.ts';

const progressOf = (metadata: Operation['metadata']) =>
  operationProgress({ ...operation(), metadata } as unknown as Operation);

test('progress is read as the daemon (6.0.4) writes it, the present stage before the one that is over', () => {
  const download_progress = 'rootfs: 45% (5.30MB/s)';
  expect(progressOf({ download_progress })).toEqual({
    stage: 'download',
    percent: 45,
    text: download_progress,
  });
  const unpack = 'Unpacking image: 7% (3.10GB/s)';
  expect(progressOf({ download_progress, create_instance_from_image_unpack_progress: unpack })).toEqual({
    stage: 'create_instance_from_image_unpack',
    percent: 7,
    text: unpack,
  });
  expect(progressOf({ fs_progress: '12.50MB (6.25MB/s)' })?.percent).toBeUndefined();
  expect(progressOf({ fingerprint: 'a' })).toBeUndefined();
  expect(progressOf(null)).toBeUndefined();
});
