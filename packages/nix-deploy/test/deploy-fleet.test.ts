import { generateKeyPairSync } from 'node:crypto';
import { createHost, HostConnectionError, localHost, spawnOn, sshHost } from '@cutover/host';
import { describe, expect, it } from 'vitest';
import { deployFleet } from '../src/fleet/deploy-fleet.ts';

const { privateKey } = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
  publicKeyEncoding: { format: 'pem', type: 'spki' },
});
const hostKeys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGbVmdWOxr3jNGXgCNNvDLyrdXFXVgIhJ4oZxYlEoqRb'];

/** A target at a port of this machine where nothing listens. */
function off(name: string) {
  const connect = async () =>
    sshHost({ name, host: '127.0.0.1', port: 1, user: 'root', privateKey, hostKeys });
  return {
    target: { name, connect },
    options: { source: { storePath: `/nix/store/${'0'.repeat(32)}-nixos-system` } },
  };
}

it('nothing that was deployed is no success: where no target can be reached, leaving them out is a failure', async () => {
  await expect(deployFleet([off('one'), off('two')], { skipUnreachable: true })).rejects.toMatchObject({
    code: 'FLEET_FAILED',
    message: 'none of 2 targets can be reached: one, two',
    outcomes: [{ status: 'unreachable' }, { status: 'unreachable' }],
  });
});

describe('skipUnreachable', () => {
  const source = { storePath: `/nix/store/${'0'.repeat(32)}-nixos-system` };
  const failing = (name: string, code: 'HOST_KEY_MISMATCH' | 'CONNECTION_FAILED') =>
    createHost({
      name,
      spawn: () => Promise.reject(new HostConnectionError(code, name, `${name} is not as it should be`)),
    });

  it('does not leave out a machine that shows another host key: that one is not off', async () => {
    const target = { name: 'one', connect: () => Promise.resolve(failing('one', 'HOST_KEY_MISMATCH')) };
    await expect(
      deployFleet([{ target, options: { source } }], { skipUnreachable: true }),
    ).rejects.toMatchObject({
      outcomes: [{ status: 'failed', error: { code: 'HOST_KEY_MISMATCH' } }],
    });
  });

  it('does not leave out a target whose builder is off', async () => {
    await using local = localHost();
    const ready = ['uid 0', 'nixVersion nix (Nix) 2.26.3', 'systemd yes', 'systemdRun yes', 'store yes'];
    const facts = [...ready, 'state yes', 'profiles yes', 'ready '].map((line) => `${line}\n`).join('');
    const answers = `printf '%s' "$1"; read -r _ && echo 'held ' && read -r _`;
    const host = createHost({
      name: 'one',
      spawn: async (command) =>
        await spawnOn(local, { ...command, argv: ['sh', '-c', answers, 'sh', facts] }),
    });
    const target = { name: 'one', connect: () => Promise.resolve(host) };
    const buildOn = {
      name: 'builder',
      connect: () => Promise.resolve(failing('builder', 'CONNECTION_FAILED')),
    };
    const deploying = deployFleet([{ target, options: { source, buildOn } }], { skipUnreachable: true });
    await expect(deploying).rejects.toMatchObject({
      outcomes: [{ status: 'failed', error: { host: 'builder' } }],
    });
  });
});
