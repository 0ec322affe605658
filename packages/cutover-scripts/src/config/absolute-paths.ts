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
  const { incus, ssh, old, forge, tailnet, approvers } = settings;
  // The name of a program stays one; a path is taken from the folder, as all others.
  const program = ([first = '', ...rest]: readonly string[]): string[] => [
    first.includes('/') ? at(first) : first,
    ...rest,
  ];
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
    notify: settings.notify.map((hook) => ({ ...hook, command: program(hook.command) })),
    ...(approvers === undefined ? {} : { approvers: { allowedSigners: at(approvers.allowedSigners) } }),
    ...(tailnet === undefined ? {} : { tailnet: { ...tailnet, authKey: at(tailnet.authKey) } }),
  };
}
