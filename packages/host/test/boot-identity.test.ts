import { createHost, type Host } from '@cutover/host-contract';
import { rejection } from '@cutover/host-contract/suite';
import { describe, expect, it } from 'vitest';

import { bootIdentity, localHost } from '../src/index.ts';

/** This machine, with commands run in a pid namespace of their own, as a container's are. */
function inPidNamespace(host: Host): Host {
  const become = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];
  return createHost({
    name: 'container',
    spawn: async ({ argv, env }) => host.stream([...become, 'sh', '-c', '"$@"', 'sh', ...argv], { env }),
  });
}

describe('bootIdentity', () => {
  it('is the same each time', async () => {
    await using host = localHost();
    expect(await bootIdentity(host)).toBe(await bootIdentity(host));
  });

  it.runIf(process.getuid?.() === 0)(
    'differs for containers on one kernel, and with each start of one',
    async () => {
      await using host = localHost();
      await using container = inPidNamespace(host);
      const first = await bootIdentity(container);
      // Start times are counted in clock ticks, 100 a second.
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(new Set([await bootIdentity(host), first, await bootIdentity(container)]).size).toBe(3);
    },
  );

  it('is unknown on a host that does not say', async () => {
    await using host = localHost();
    const mute = createHost({ name: 'mute', spawn: async () => host.stream(['true']) });
    expect(await rejection(bootIdentity(mute))).toMatchObject({ code: 'FILE_REFUSED', host: 'mute' });
    const failing = createHost({ name: 'failing', spawn: async () => host.stream(['false']) });
    expect(await rejection(bootIdentity(failing))).toMatchObject({ code: 'COMMAND_FAILED' });
  });
});
