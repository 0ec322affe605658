import type { SshHostOptions } from '@cutover/host';
import type { SshEndpoint, SshHop, SshWay } from '../config/schema.ts';

/** An endpoint of the config, as `sshHost` takes it. */
export function sshConnection(ssh: SshEndpoint): SshHostOptions {
  return { ...hop(ssh), ...throughWay(ssh) };
}

/** The way of an endpoint: the last of its jump hosts, each reached from the one before it, and the first by the proxy. */
export function throughWay({
  socks5,
  proxyCommand,
  jump = [],
}: SshWay): Pick<SshHostOptions, 'proxy' | 'jump'> {
  const proxy = socks5 === undefined ? proxyCommand && { command: proxyCommand } : { socks5 };
  const first: Pick<SshHostOptions, 'proxy' | 'jump'> = proxy ? { proxy } : {};
  return jump.reduce<Pick<SshHostOptions, 'proxy' | 'jump'>>(
    (way, next) => ({ jump: { ...hop(next), ...way } }),
    first,
  );
}

function hop(ssh: SshHop): SshHostOptions {
  return {
    host: ssh.host,
    port: ssh.port,
    user: ssh.user,
    privateKeyFile: ssh.privateKey,
    ...(ssh.hostKeys === undefined ? {} : { hostKeys: ssh.hostKeys }),
    ...(ssh.hostKeys === undefined && ssh.knownHosts !== undefined ? { knownHostsFile: ssh.knownHosts } : {}),
  };
}
