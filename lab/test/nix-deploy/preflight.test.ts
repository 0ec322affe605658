import type { Host } from '@cutover/host';
import { deploy, type DeployOptions, PreflightError, type Target, targetOf } from '@cutover/nix-deploy';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { type Machine, marked, startMachine } from './machine.ts';

let machine: Machine;
let systems: Readonly<Record<'first' | 'never', string>>;
let before: string;
beforeAll(async () => {
  machine = await startMachine();
  systems = await machine.build({ first: marked('first'), never: marked('never') });
  await deploy(machine.target, { source: { storePath: systems.first } });
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
});
beforeEach(async () => {
  before = await machine.history();
});

async function failure(options: Partial<DeployOptions>, target: Target = machine.target): Promise<unknown> {
  const error: unknown = await deploy(target, { source: { storePath: systems.never }, ...options }).catch(
    (reason: unknown) => reason,
  );
  expect(await machine.history()).toBe(before);
  expect(await machine.sh('cat /etc/marker')).toBe('first');
  return error;
}

describe('preflight', () => {
  it('names another machine by its machine-id and by its host name, both at once', async () => {
    const error = await failure({ expect: { machineId: 'f'.repeat(32), hostName: 'elsewhere' } });
    expect(error).toBeInstanceOf(PreflightError);
    expect(String(error)).toContain(
      `this is another machine: its machine-id is ${await machine.sh('cat /etc/machine-id')}`,
    );
    expect(String(error)).toContain('its host name is box, not elsewhere');
  });

  it('wants root, and says how to come by it', async () => {
    const error = await failure({}, targetOf(asNobody(machine.host)));
    expect(error).toMatchObject({
      code: 'PREFLIGHT_FAILED',
      problems: [expect.objectContaining({ check: 'not-root' })],
    });
  });

  it('finds a /boot that is full', async () => {
    onTestFinished(async () => void (await machine.sh('umount /boot')));
    await machine.sh(
      'cp -a /boot/nixos /mnt/boot && mount -t tmpfs -o size=1M tmpfs /boot && cp -a /mnt/boot /boot/nixos && { dd if=/dev/zero of=/boot/filler bs=64k 2>/dev/null || :; }',
    );
    expect(String(await failure({}))).toContain('/boot is full');
    // Where the check is waived, the boot loader itself fails, and the machine goes back.
    const error: unknown = await deploy(machine.target, {
      source: { storePath: systems.never },
      minFree: { boot: 0 },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BOOT_LOADER_FAILED', restoration: 'restored' });
    expect(String(error)).toContain('/boot is full');
    expect(await machine.history()).toBe('1 of 1 2');
    expect(await machine.sh('cat /etc/marker')).toBe('first');
  });

  it('finds a store that is full, and so does a build', async () => {
    onTestFinished(async () => void (await machine.sh('umount /nix && umount /mnt/nix')));
    await machine.sh(`
      mkdir -p /mnt/nix && mount -t tmpfs -o size=96M tmpfs /mnt/nix && cp -a /nix/. /mnt/nix && mount --bind /mnt/nix /nix
      { dd if=/dev/zero of=/nix/filler bs=64k 2>/dev/null || :; }`);
    expect(String(await failure({}))).toContain('the store is full');
    // The flake itself has no room in the store: it fails before anything is begun to be built.
    await machine.declare(marked('no room'));
    expect(await failure({ source: machine.source, minFree: { store: 0 } })).toMatchObject({
      code: 'EVALUATION_FAILED',
    });
  });

  it('finds a target that is read-only', async () => {
    onTestFinished(async () => void (await machine.sh('umount /nix')));
    await machine.sh('mount --bind /nix /nix && mount -o remount,bind,ro /nix');
    expect(String(await failure({}))).toContain('the target is read-only');
  });
});

/** The same machine, seen by a user without rights. */
function asNobody(host: Host): Host {
  const argv = (given: readonly string[]): readonly string[] => [
    'setpriv',
    '--reuid=65534',
    '--clear-groups',
    ...given,
  ];
  return {
    ...host,
    name: host.name,
    run: async (given, options) => await host.run(argv(given), options),
    stream: (given, options) => host.stream(argv(given), options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
