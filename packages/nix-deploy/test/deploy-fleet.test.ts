import { generateKeyPairSync } from 'node:crypto';
import { sshHost } from '@cutover/host';
import { expect, it } from 'vitest';
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
