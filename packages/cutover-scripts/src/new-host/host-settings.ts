import type { CutoverSettings, SshEndpoint } from '../config/schema.ts';
import type { HostSettings, KnownHostSettings, ProxySettings, SshHostSettings } from '../flake-settings.ts';
import { tailnetMode } from '../tailnet/standing.ts';
import { armedFile, forgeKeyFile, homeOf } from '../rig/rig.ts';

/** Paths in the configuration repository. */
export const repositoryPaths = {
  rig: 'loops.yaml',
  manifest: 'secrets/manifest.json',
  tailnetAuthority: 'tailnet-ca.pem',
  commands: { loops: 'commands/loops.js', secrets: 'commands/secrets.js' },
} as const;

/** What the flake says of the new host, from the config of the cutover. */
export function hostSettings(settings: CutoverSettings, rig: string, rootKey: string): HostSettings {
  const { name, instance, nixos, forge } = settings;
  const { user, workspace, swap } = settings.new;
  // A forge over https is verified by its certificate.
  const { ssh } = forge;
  return {
    hostName: name,
    system: nixos.system,
    instanceType: instance.type,
    stateVersion: nixos.stateVersion,
    timeZone: nixos.timeZone,
    user: { name: user, group: user, home: homeOf(user), authorizedKeys: [rootKey] },
    workspace,
    packages: nixos.packages,
    unfree: nixos.unfree,
    commands: repositoryPaths.commands,
    swap: { file: '/swapfile', sizeMiB: Math.ceil(swap / 2 ** 20) },
    ssh: {
      rootKeys: [rootKey],
      hosts: [
        ...(ssh === undefined ? [] : [forgeAlias(ssh, user, nixos.proxy?.forge ?? false)]),
        ...nixos.sshHosts.map(sshHost),
      ],
      knownHosts: [
        ...(ssh === undefined ? [] : knownHosts(ssh.host, ssh.port, ssh.hostKeys ?? [])),
        ...nixos.sshHosts.flatMap(({ alias, host, port, hostKeys }) => [
          ...knownHosts(alias, port, hostKeys),
          ...knownHosts(host, port, hostKeys),
        ]),
      ],
    },
    proxy: proxySettings(nixos.proxy),
    tailnet: tailnetMode(settings) === 'direct',
    certificateAuthorities:
      settings.tailnet?.certificateAuthority === undefined ? [] : [repositoryPaths.tailnetAuthority],
    loops: { rig, configFile: repositoryPaths.rig, armedFile },
    secrets: { manifest: repositoryPaths.manifest },
  };
}

/** The forge is called by its own address in git URLs; its block only names the key to use there. */
function forgeAlias(
  { host, port, user }: Pick<SshEndpoint, 'host' | 'port' | 'user'>,
  rigUser: string,
  throughProxy: boolean,
): SshHostSettings {
  return {
    alias: host,
    hostName: host,
    user,
    port,
    identityFile: forgeKeyFile(rigUser),
    proxy: throughProxy,
  };
}

function proxySettings(proxy: CutoverSettings['nixos']['proxy']): ProxySettings | null {
  if (proxy === undefined) return null;
  const { name, port, authKeyFile = null, loginServer = null, openToTailnet } = proxy;
  return { name, port, authKeyFile, loginServer, openToTailnet };
}

function sshHost(host: CutoverSettings['nixos']['sshHosts'][number]): SshHostSettings {
  const { alias, user, port, identityFile, throughProxy } = host;
  return { alias, hostName: host.host, user, port, identityFile: identityFile ?? null, proxy: throughProxy };
}

function knownHosts(host: string, port: number, hostKeys: readonly string[]): KnownHostSettings[] {
  const name = port === 22 ? host : `[${host}]:${port}`;
  return hostKeys.map((key) => ({ hostNames: [name], publicKey: key.split(' ').slice(0, 2).join(' ') }));
}
