import { expect, it } from 'vitest';
import { tooTight } from '../../src/preflight/incus.ts';

const instance = { memory: '2GiB', disk: '30GiB', cpus: 2, type: 'virtual-machine' } as const;
const gibibyte = 2 ** 30;

/** As Incus 6.0.4 tells it of a project with limits for some. */
const resources = {
  containers: { Limit: -1, Usage: 3 },
  cpu: { Limit: 8, Usage: 6 },
  disk: { Limit: -1, Usage: 0 },
  instances: { Limit: 4, Usage: 3 },
  memory: { Limit: 4 * gibibyte, Usage: 2 * gibibyte },
  networks: { Limit: -1, Usage: 0 },
  processes: { Limit: -1, Usage: 0 },
  'virtual-machines': { Limit: -1, Usage: 0 },
};

it('fits into what is left of a project, to the last byte', () => {
  expect(tooTight(resources, instance, false)).toEqual([]);
});

it('what others have used up of a limit is found, all of it', () => {
  const used = {
    ...resources,
    memory: { Limit: 4 * gibibyte, Usage: 3 * gibibyte },
    instances: { Limit: 4, Usage: 4 },
    'virtual-machines': { Limit: 0, Usage: 0 },
  };
  expect(tooTight(used, instance, false)).toEqual([
    'limits.memory is 4 GiB, of which 3 GiB is used, and it takes 2 GiB',
    'limits.instances is 4, of which 4 is used, and it takes 1',
    'limits.virtual-machines is 0, of which 0 is used, and it takes 1',
  ]);
  expect(tooTight(used, { ...instance, type: 'container' }, false)).toHaveLength(2);
});

it('an instance that is there already takes nothing more', () => {
  const full = { ...resources, instances: { Limit: 3, Usage: 3 }, cpu: { Limit: 6, Usage: 6 } };
  expect(tooTight(full, instance, true)).toEqual([]);
});
