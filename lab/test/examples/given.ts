import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureAbsent } from '@cutover/incus-client';
import { deploy } from '@cutover/nix-deploy';
import type { Lab } from '../../src/index.ts';
import type { Machine } from '../nix-deploy/machine.ts';
import type { Given } from './tutorial.ts';

const nixpkgs = fileURLToPath(new URL('../../nixpkgs', import.meta.url));

/** How the machine got its first generation, long before its reader has a flake. */
const flake = `{
  inputs.nixpkgs.url = "path:/srv/nixpkgs";
  outputs = { nixpkgs, ... }: {
    nixosConfigurations.web1 = nixpkgs.lib.nixosSystem { modules = [ ./configuration.nix ]; };
  };
}
`;

/** An Incus server that the `incus` command of its administrator reaches, with an image `debian-13`, until it is disposed of. */
export async function incusServer({ client, imageAlias, folders }: Lab): Promise<Given & AsyncDisposable> {
  const alias = 'debian-13';
  const leave = async (): Promise<void> => {
    if ((await client.images.listAliases()).some(({ name }) => name === alias))
      await client.images.deleteAlias(alias);
    await ensureAbsent(client, 'tutorial');
    for (const { name, fingerprint } of await client.certificates.list())
      if (name === 'tutorial') await client.certificates.delete(fingerprint);
  };
  await leave();
  await client.images.createAlias({ name: alias, target: (await client.images.getAlias(imageAlias)).target });
  return { environment: { INCUS_SOCKET: folders.socket }, [Symbol.asyncDispose]: leave };
}

/** A NixOS machine `web1`, with its configuration in /etc/nixos, into which `ssh root@web1` lets a reader with this home. */
export async function nixosMachine(machine: Machine, home: string): Promise<Given> {
  const { address, hostKey, operatorKey } = machine;
  const configuration =
    '{ networking.hostName = "web1"; services.openssh.enable = true; system.stateVersion = "25.05"; }\n';
  await machine.sh('mkdir -p /etc/nixos /srv/web1');
  for (const file of ['/etc/nixos/configuration.nix', '/srv/web1/configuration.nix'])
    await machine.host.writeFile(file, configuration, { mode: 0o644 });
  await machine.host.writeFile('/srv/web1/flake.nix', flake, { mode: 0o644 });
  await deploy(machine.target, { source: { flake: 'path:/srv/web1', configuration: 'web1' } });

  const folder = join(home, '.ssh');
  await mkdir(folder, { mode: 0o700 });
  await copyFile(operatorKey, join(folder, 'id_ed25519'));
  await writeFile(join(folder, 'known_hosts'), `${address} ${hostKey}\n`);
  const config = `Host web1\n  HostName ${address}\n  IdentityFile ${folder}/id_ed25519\n  UserKnownHostsFile ${folder}/known_hosts\n`;
  await writeFile(join(folder, 'config'), config);
  // OpenSSH looks for its config in the home that the system has for the user, whatever HOME says.
  await mkdir(join(home, 'bin'));
  for (const command of ['ssh', 'scp']) {
    const file = join(home, 'bin', command);
    await writeFile(file, `#!/bin/sh\nexec /usr/bin/${command} -F ${folder}/config "$@"\n`);
    await chmod(file, 0o755);
  }
  return {
    // Debian's nix builds as another user unless it is told not to.
    environment: { NIX_CONFIG: 'build-users-group =\nsandbox = false' },
    places: { 'github:NixOS/nixpkgs/nixos-25.05': `path:${nixpkgs}` },
  };
}
