import { afterAll, beforeAll, expect, test } from 'vitest';
import { whatStaysReachable } from '../../src/ownership/unfenced.ts';
import { startTwoHosts, type TwoHosts } from '../fixture/two-hosts.ts';

let hosts: TwoHosts;
beforeAll(async () => {
  hosts = await startTwoHosts();
});
afterAll(() => hosts[Symbol.asyncDispose]());

test.each([
  { start: ['sh', 'launch.sh', 'start'], left: true },
  { start: ['systemctl', 'start', 'rig'], left: true },
  { start: ['/bin/sh', 'launch.sh', 'start'], left: true },
  { start: ['./launch.sh', 'start'], left: false },
  { start: ['/opt/rig/launch', 'start'], left: false },
])('a start by $start is said to be left: $left', ({ start, left }) => {
  const { world } = hosts;
  const old = { ...world.settings.old, start };
  const settings = { ...world.settings, old, nixos: { ...world.settings.nixos, sshHosts: [] } };
  const said = whatStaysReachable({ settings, secrets: { ...world.secrets, secrets: [] } });
  expect(said.some((line) => line.startsWith(`${start.join(' ')} can still be run`))).toBe(left);
});
