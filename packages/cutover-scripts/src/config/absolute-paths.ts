import { dirname, resolve } from 'node:path';
import type { CutoverSettings, SecretValue, SshEndpoint, SshHop, SshWay } from './schema.ts';

/** The settings with paths that are absolute: relative ones are taken from the folder of the config file. */
export function withAbsolutePaths(settings: CutoverSettings, file: string): CutoverSettings {
  const folder = dirname(resolve(file));
  const at = (path: string): string => resolve(folder, path);
  const hop = <H extends SshHop>(ssh: H): H => ({
    ...ssh,
    privateKey: at(ssh.privateKey),
    ...(ssh.knownHosts === undefined ? {} : { knownHosts: at(ssh.knownHosts) }),
  });
  const way = <W extends SshWay>(through: W): W => ({
    ...through,
    ...(through.jump === undefined ? {} : { jump: through.jump.map(hop) }),
  });
  const endpoint = (end: SshEndpoint): SshEndpoint => way(hop(end));
  const { incus, ssh, old, forge, tailnet, approvers } = settings;
  // The name of a program stays one; a path is taken from the folder, as all others.
  const program = ([first = '', ...rest]: readonly string[]): string[] => [
    first.includes('/') ? at(first) : first,
    ...rest,
  ];
  const text = (source: ConfigText): ConfigText =>
    typeof source === 'string' ? at(source) : { command: program(source.command) };
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
    new: way(settings.new),
    forge: forgeWithPaths(forge, { at, endpoint, text }),
    secrets: at(settings.secrets),
    loops: at(settings.loops),
    notify: settings.notify.map((hook) => ({ ...hook, command: program(hook.command) })),
    ...(approvers === undefined ? {} : { approvers: { allowedSigners: at(approvers.allowedSigners) } }),
    ...(tailnet === undefined ? {} : { tailnet: tailnetPaths(tailnet, { at, text }) }),
  };
}

function tailnetPaths(
  tailnet: NonNullable<CutoverSettings['tailnet']>,
  { at, text }: Pick<Absolute, 'at' | 'text'>,
): NonNullable<CutoverSettings['tailnet']> {
  const { authKey, api, certificateAuthority } = tailnet;
  const secret = (value: SecretValue): SecretValue =>
    typeof value === 'object' && 'secret' in value ? value : text(value);
  return {
    ...tailnet,
    ...(authKey === undefined ? {} : { authKey: secret(authKey) }),
    ...(api === undefined ? {} : { api: { ...api, token: secret(api.token) } }),
    ...(certificateAuthority === undefined ? {} : { certificateAuthority: at(certificateAuthority) }),
  };
}

/** A text source as the schema reads it. */
type ConfigText = Exclude<SecretValue, { secret: string }>;

interface Absolute {
  at(path: string): string;
  endpoint(ssh: SshEndpoint): SshEndpoint;
  text(source: ConfigText): ConfigText;
}

function forgeWithPaths(
  forge: CutoverSettings['forge'],
  { at, endpoint, text }: Absolute,
): CutoverSettings['forge'] {
  const certificateOf = ({ certificate }: { certificate?: string | undefined }) =>
    certificate === undefined ? {} : { certificate: at(certificate) };
  const tokenOf = ({ token }: { token?: ConfigText | undefined }) =>
    token === undefined ? {} : { token: text(token) };
  if (forge.type === 'ssh') return { ...forge, ssh: endpoint(forge.ssh) };
  if (forge.type === 'gitea') {
    const { ssh } = forge;
    const knownHosts = ssh.knownHosts === undefined ? {} : { knownHosts: at(ssh.knownHosts) };
    return { ...forge, ...certificateOf(forge), ...tokenOf(forge), ssh: { ...ssh, ...knownHosts } };
  }
  const { ssh, https } = forge;
  return {
    ...forge,
    ...(ssh === undefined ? {} : { ssh: endpoint(ssh) }),
    ...(https === undefined ? {} : { https: { ...https, ...certificateOf(https), ...tokenOf(https) } }),
  };
}
