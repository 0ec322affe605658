import { dirname, resolve } from 'node:path';
import type { CutoverSettings, SshEndpoint } from './schema.ts';

/** The settings with paths that are absolute: relative ones are taken from the folder of the config file. */
export function withAbsolutePaths(settings: CutoverSettings, file: string): CutoverSettings {
  const folder = dirname(resolve(file));
  const at = (path: string): string => resolve(folder, path);
  const endpoint = (ssh: SshEndpoint): SshEndpoint => ({
    ...ssh,
    privateKey: at(ssh.privateKey),
    ...(ssh.knownHosts === undefined ? {} : { knownHosts: at(ssh.knownHosts) }),
  });
  const { incus, ssh, old, forge, tailnet } = settings;
  return {
    ...settings,
    incus: {
      ...incus,
      certificate: at(incus.certificate),
      key: at(incus.key),
      serverCertificate: at(incus.serverCertificate),
    },
    ssh: { privateKey: at(ssh.privateKey) },
    old: { ...old, ssh: endpoint(old.ssh) },
    forge: { ...forge, ssh: endpoint(forge.ssh) },
    secrets: at(settings.secrets),
    loops: at(settings.loops),
    ...(tailnet === undefined ? {} : { tailnet: { ...tailnet, authKey: at(tailnet.authKey) } }),
  };
}
